//! Those who are connected, and how bytes get to them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;

/// The most that is read at once.
const READ: usize = 32 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    /// What the kernel would not take yet. While there is something, a task writes it.
    unsent: Mutex<Vec<u8>>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, unsent: Mutex::default() }
    }

    /// Waits for bytes and returns them after `rest`, which is empty then; `None` at the end.
    pub(crate) async fn read(&self, rest: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        loop {
            self.stream.readable().await?;
            let mut bytes = Vec::with_capacity(rest.len() + READ);
            bytes.extend_from_slice(rest);
            match self.stream.try_read_buf(&mut bytes) {
                Ok(0) => return Ok(None),
                Ok(_) => {
                    *rest = Vec::new();
                    return Ok(Some(bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends bytes, or has them sent when the kernel takes more. Whether the connection ended is for the reader to see.
    pub(crate) fn send(self: &Arc<Self>, bytes: &[u8]) {
        let mut unsent = self.unsent();
        if !unsent.is_empty() {
            unsent.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            let written = self.stream.try_write(bytes).unwrap_or(0);
            if written < bytes.len() {
                unsent.extend_from_slice(&bytes[written..]);
                tokio::spawn(Arc::clone(self).send_rest());
            }
        }
    }

    async fn send_rest(self: Arc<Self>) {
        while self.stream.writable().await.is_ok() {
            let mut unsent = self.unsent();
            match self.stream.try_write(&unsent) {
                Ok(written) if written == unsent.len() => {
                    *unsent = Vec::new();
                    return;
                }
                Ok(written) => drop(unsent.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    fn unsent(&self) -> MutexGuard<'_, Vec<u8>> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    all: Mutex<Registry>,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    peers: HashMap<u64, Arc<Peer>>,
}

impl Peers {
    /// Takes a connection in and returns what to take it out by.
    pub(crate) fn add(&self, peer: Arc<Peer>) -> u64 {
        let mut all = self.all();
        all.next += 1;
        let id = all.next;
        all.peers.insert(id, peer);
        id
    }

    pub(crate) fn remove(&self, id: u64) {
        self.all().peers.remove(&id);
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.all().peers.values().for_each(|peer| peer.send(bytes));
        }
    }

    fn all(&self) -> MutexGuard<'_, Registry> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
