//! The server that the vectors are for: it says what it hears.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};

use pintle::{Ack, Args, DisconnectReason, EmitError, Event, Namespace, Socket, SocketIoLayer};
use pintle_tests::PATIENCE;

use crate::scene::realtime;

/// Why each socket of `/` has gone, by its id.
#[derive(Clone, Default)]
pub(super) struct Departures(Arc<Mutex<HashMap<String, DisconnectReason>>>);

impl Departures {
    pub(super) fn of(&self, id: &str) -> Option<DisconnectReason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    fn note(&self, socket: &Socket, reason: DisconnectReason) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(socket.id().to_string(), reason);
    }
}

/// `/` and `/admin`, which tell every event back, and acknowledge it with its arguments. Who sends a vector takes his leave
/// afterwards, so no heartbeat is needed to tell, and none comes between on a machine that is busy.
pub(super) fn mirror(departures: Departures) -> SocketIoLayer {
    let note = move |socket: Socket, reason: DisconnectReason| {
        departures.note(&socket, reason);
        ready(())
    };
    let unhurried = realtime().ping_interval(PATIENCE).ping_timeout(PATIENCE);
    unhurried.fallback(hear).on_disconnect(note).namespace("/admin", Namespace::new().fallback(hear))
}

async fn hear(socket: Socket, event: Event, args: Args) -> Result<Ack<Args>, EmitError> {
    socket.emit("heard", (&*event, &args))?;
    Ok(Ack(args))
}
