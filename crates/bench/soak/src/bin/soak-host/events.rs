//! What is answered to clients.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{future, hint, mem};

use axum::extract::State;
use bytes::Bytes;
use pintle::{Ack, Data, DisconnectReason, EmitError, Namespace, Socket, SocketIo, SocketIoLayer};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::faults::{Fault, Hundredth};
use crate::gauges::Counts;
use crate::options::Options;

/// How many rooms there are. Clients know it, too.
const ROOMS: usize = 64;

/// What handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) counts: Arc<Counts>,
    /// The number of the last event of each room. It is emitted under the lock, so that the numbers are in order.
    rooms: Arc<[Mutex<u64>; ROOMS]>,
    fault: Option<Fault>,
    events: Arc<Hundredth>,
}

impl App {
    pub(crate) fn new(fault: Option<Fault>) -> Self {
        let rooms = Arc::new(std::array::from_fn(|_| Mutex::default()));
        Self { counts: Arc::default(), rooms, fault, events: Arc::default() }
    }

    fn room(&self, room: usize) -> Option<MutexGuard<'_, u64>> {
        Some(self.rooms.get(room)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the fault is due that is not of connections.
    fn fault(&self) -> Option<Fault> {
        self.fault.filter(|_| self.events.next())
    }
}

/// What a socket counts.
#[derive(Debug, Default)]
struct Tally {
    /// The number of the last event that was sent to it.
    down: AtomicU64,
    /// Its disconnect handler has run.
    left: AtomicBool,
    held: Mutex<Option<(u64, Box<RawValue>)>>,
}

pub(crate) fn realtime(options: &Options) -> SocketIoLayer<App> {
    let mut layer = SocketIoLayer::new().any_origin();
    if let Some(interval) = options.ping_interval {
        layer = layer.ping_interval(interval);
    }
    if let Some(timeout) = options.ping_timeout {
        layer = layer.ping_timeout(timeout);
    }
    if let Some(timeout) = options.write_timeout {
        layer = layer.write_timeout(timeout);
    }
    let dynamic = Namespace::new().on_connect(connected).on("up", up).on("up-binary", up_binary).on_disconnect(left);
    layer
        .on_connect(connected)
        .on("up", up)
        .on("up-binary", up_binary)
        .on("join", join)
        .on("say", say)
        .on("max", max)
        .on_disconnect(left)
        .namespace("/dyn/{id}", dynamic)
}

async fn connected(socket: Socket, State(app): State<App>) {
    socket.set_extension(Arc::new(Tally::default()));
    app.counts.connected();
    match app.fault {
        // The compiler leaves out what nobody can see.
        Some(Fault::Leak) => mem::forget(hint::black_box(vec![1_u8; 16 << 10])),
        Some(Fault::Forget) => drop(tokio::spawn(future::pending::<()>())),
        _ => {}
    }
}

async fn left(socket: Socket, reason: DisconnectReason, State(app): State<App>) {
    let again = tally(&socket).left.swap(true, Ordering::Relaxed);
    app.counts.disconnected(reason, again);
}

/// Event `number` of a client: it comes back, with a number of ours, and is acknowledged.
async fn up(
    socket: Socket,
    State(app): State<App>,
    Data((number, data)): Data<(u64, Box<RawValue>)>,
) -> Result<Ack<u64>, EmitError> {
    app.counts.received();
    let tally = tally(&socket);
    match app.fault() {
        Some(Fault::Lose) => {}
        Some(Fault::Double) => {
            down(&socket, "down", number, &data)?;
            down(&socket, "down", number, &data)?;
        }
        Some(Fault::Swap) => *lock(&tally.held) = Some((number, data)),
        Some(Fault::Panic) => panic!("this was asked for"),
        Some(Fault::Drop) => socket.conn().close(),
        _ => {
            down(&socket, "down", number, &data)?;
            let held = lock(&tally.held).take();
            if let Some((number, data)) = held {
                down(&socket, "down", number, &data)?;
            }
        }
    }
    Ok(Ack(number))
}

async fn up_binary(
    socket: Socket,
    State(app): State<App>,
    Data((number, data)): Data<(u64, Bytes)>,
) -> Result<Ack<u64>, EmitError> {
    app.counts.received();
    down(&socket, "down-binary", number, data)?;
    Ok(Ack(number))
}

/// Joins a room. What was said in it last is told before anything else of it.
async fn join(socket: Socket, State(app): State<App>, Data(room): Data<usize>) -> Result<(), EmitError> {
    let Some(last) = app.room(room) else { return Ok(()) };
    // Nobody generates an id as short.
    let _ = socket.join(name(room));
    socket.emit("joined", (room, *last))
}

/// Says something in a room; `number` is the speaker's own.
async fn say(
    io: SocketIo,
    State(app): State<App>,
    Data((room, number, data)): Data<(usize, u64, Box<RawValue>)>,
) -> Result<(), EmitError> {
    app.counts.received();
    let Some(mut last) = app.room(room) else { return Ok(()) };
    *last += 1;
    io.to(name(room)).emit("said", (room, *last, number, data))
}

/// Whatever it is, it comes back.
async fn max(socket: Socket, Data(data): Data<Box<RawValue>>) -> Result<(), EmitError> {
    socket.emit("max", data)
}

fn down(socket: &Socket, event: &str, number: u64, data: impl Serialize) -> Result<(), EmitError> {
    let down = tally(socket).down.fetch_add(1, Ordering::Relaxed) + 1;
    socket.emit(event, (down, number, data))
}

fn tally(socket: &Socket) -> Arc<Tally> {
    socket.extension().expect("it was set when the socket connected")
}

fn name(room: usize) -> String {
    format!("room-{room}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
