//! The network between a client and a server, and what can happen to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on to a server, until told otherwise. It stops when this is dropped.
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
        let network = Network { current, newcomers: Fate::Forwarded, frozen: Vec::new() };
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

    fn decide(&self, here: Fate, newcomers: Fate) {
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
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
        let (current, newcomers) = {
            let network = network.lock().unwrap_or_else(PoisonError::into_inner);
            (network.current.subscribe(), network.newcomers)
        };
        match newcomers {
            Fate::Forwarded => drop(tokio::spawn(forward(client, upstream, current))),
            Fate::Frozen => drop(tokio::spawn(keep(client, current))),
            Fate::Cut => drop(client),
        }
    }
}

async fn forward(mut client: TcpStream, upstream: SocketAddr, mut fate: watch::Receiver<Fate>) {
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return;
    };
    // What is small goes on at once, as without a proxy.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = fate.wait_for(|fate| *fate != Fate::Forwarded) => {}
    }
    keep((client, server), fate).await;
}

/// Does nothing with a connection until it is to be cut.
async fn keep<T>(_connection: T, mut fate: watch::Receiver<Fate>) {
    // An error says that nobody decides any more, which is the end too.
    let _ = fate.wait_for(|fate| *fate == Fate::Cut).await;
}
