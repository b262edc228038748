//! The proxy itself: which connections there are, and what becomes of those to come.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::line::{Direction, Line, Lines, Over, pass_on};

/// Passes connections on to a server, until told otherwise. It stops when this is dropped.
///
/// All connections can be ended or frozen at once. Besides, each direction has a [`Line`], for all connections or for a
/// single one, which can be set before there is any and while they run.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    network: Arc<Mutex<Network>>,
    accepting: JoinHandle<()>,
}

/// The connections that there are, and what becomes of those to come.
#[derive(Debug)]
struct Network {
    current: watch::Sender<Fate>,
    newcomers: Fate,
    /// Kept, for their connections are.
    frozen: Vec<watch::Sender<Fate>>,
    lines: watch::Sender<Lines>,
    /// Of connections that have lines of their own, by their number.
    special: HashMap<usize, watch::Sender<Lines>>,
    /// How many connections there have been.
    count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Forwarded,
    Frozen,
    Cut,
}

impl Proxy {
    /// A proxy before the server at `upstream`.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        let current = watch::Sender::new(Fate::Forwarded);
        let network = Network {
            current,
            newcomers: Fate::Forwarded,
            frozen: Vec::new(),
            lines: watch::Sender::default(),
            special: HashMap::new(),
            count: 0,
        };
        let network = Arc::new(Mutex::new(network));
        let accepting = tokio::spawn(accept(listener, upstream, network.clone()));
        Self { address, network, accepting }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections. New ones work.
    pub fn cut(&self) {
        self.decide(Fate::Cut, Fate::Forwarded);
    }

    /// Ends all connections, and each new one at once, until [`restore`](Self::restore).
    pub fn part(&self) {
        self.decide(Fate::Cut, Fate::Cut);
    }

    /// Passes on nothing more of the connections that there are, and keeps them open. New ones work.
    pub fn freeze(&self) {
        self.decide(Fate::Frozen, Fate::Forwarded);
    }

    /// Passes on nothing more, and keeps open what there is and what comes, until it is cut.
    pub fn silence(&self) {
        self.decide(Fate::Frozen, Fate::Frozen);
    }

    /// Has new connections work again.
    pub fn restore(&self) {
        self.decide(Fate::Forwarded, Fate::Forwarded);
    }

    /// Has one direction of all connections, those to come included, be like this. Not of those with lines of their own.
    pub fn set(&self, direction: Direction, line: Line) {
        lock(&self.network).lines.send_modify(|lines| lines[direction as usize] = line);
    }

    /// The same for one connection, the `nth` since the start, counted from 0. Its other direction is as new.
    pub fn set_nth(&self, nth: usize, direction: Direction, line: Line) {
        let mut network = lock(&self.network);
        assert!(nth >= network.count || network.special.contains_key(&nth), "connection {nth} has the lines of all");
        network.special.entry(nth).or_default().send_modify(|lines| lines[direction as usize] = line);
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        lock(&self.network).count
    }

    fn decide(&self, here: Fate, newcomers: Fate) {
        let mut network = lock(&self.network);
        network.newcomers = newcomers;
        if here != Fate::Forwarded {
            // Those to come have a fate of their own.
            let before = std::mem::replace(&mut network.current, watch::Sender::new(Fate::Forwarded));
            before.send_replace(here);
            match here {
                Fate::Cut => network.frozen.clear(),
                _ => network.frozen.push(before),
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, network: Arc<Mutex<Network>>) {
    loop {
        let (client, _) = listener.accept().await.expect("a listener accepts");
        let mut network = lock(&network);
        let lines = network.special.get(&network.count).unwrap_or(&network.lines).subscribe();
        network.count += 1;
        let current = network.current.subscribe();
        match network.newcomers {
            Fate::Forwarded => drop(tokio::spawn(forward(client, upstream, lines, current))),
            Fate::Frozen => drop(tokio::spawn(keep(client, current))),
            Fate::Cut => drop(client),
        }
    }
}

async fn forward(
    mut client: TcpStream,
    upstream: SocketAddr,
    lines: watch::Receiver<Lines>,
    mut fate: watch::Receiver<Fate>,
) {
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return;
    };
    // What is small goes on at once, as without a proxy.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let over = tokio::select! {
        over = pass_both(&mut client, &mut server, lines) => Some(over),
        _ = fate.wait_for(|fate| *fate != Fate::Forwarded) => None,
    };
    match over {
        Some(Err(Over::Reset)) => {
            // It is closed in any case, and with this it is closed without a word.
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
        Some(Ok(()) | Err(Over::Cut)) => {}
        None => keep((client, server), fate).await,
    }
}

/// Passes on what comes from either side, until both have ended.
async fn pass_both(client: &mut TcpStream, server: &mut TcpStream, lines: watch::Receiver<Lines>) -> Result<(), Over> {
    let (from_client, to_client) = &mut client.split();
    let (from_server, to_server) = &mut server.split();
    let up = pass_on(from_client, to_server, lines.clone(), Direction::Up);
    let down = pass_on(from_server, to_client, lines, Direction::Down);
    tokio::try_join!(up, down).map(drop)
}

/// Does nothing with a connection until it is to be cut.
async fn keep<T>(_connection: T, mut fate: watch::Receiver<Fate>) {
    // An error says that nobody decides any more, which is the end too.
    let _ = fate.wait_for(|fate| *fate == Fate::Cut).await;
}

fn lock(network: &Mutex<Network>) -> MutexGuard<'_, Network> {
    // Nothing under this lock can panic half-way.
    network.lock().unwrap_or_else(PoisonError::into_inner)
}
