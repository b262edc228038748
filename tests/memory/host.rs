//! A server on a thread of its own, and clients that block.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use axum::Router;
use pintle_tests::PATIENCE;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// A server, for as long as this lives.
pub(crate) struct Host {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Host {
    pub(crate) fn serve(app: Router) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        runtime.spawn(async { axum::serve(listener, app).await });
        Self { address, runtime: Some(runtime) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // What is left of it must not count in the next test.
            runtime.shutdown_timeout(PATIENCE);
        }
    }
}

/// A connection that is written to and read from in bytes, without a buffer of its own.
pub(crate) struct Wire(TcpStream);

impl Wire {
    pub(crate) fn open(host: &Host) -> Self {
        let stream = TcpStream::connect(host.address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("the socket is open");
        // What is written in pieces is not to wait for what acknowledges them.
        stream.set_nodelay(true).expect("the socket is open");
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).expect("the connection is open");
    }

    /// Reads up to `end`, which has at most 16 bytes.
    pub(crate) fn skip(&mut self, end: &str) {
        let mut seen = [0; 16];
        while !seen.ends_with(end.as_bytes()) {
            seen.rotate_left(1);
            self.0.read_exact(&mut seen[15..]).expect("more before the end");
        }
    }

    /// A GET of long-polling, or a handshake; up to the end of its head.
    pub(crate) fn get(&mut self, query: &str) {
        self.send(format!("GET /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nhost: here\r\n\r\n"));
        self.skip("\r\n\r\n");
    }

    /// The head of a POST of long-polling.
    pub(crate) fn post(&mut self, sid: &str, headers: &str) {
        let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        self.send(format!("POST {target} HTTP/1.1\r\nhost: here\r\n{headers}\r\n\r\n"));
    }

    /// Opens a session over long-polling, and gives its id.
    pub(crate) fn handshake(&mut self) -> String {
        self.get("");
        self.skip(r#"0{"sid":""#);
        let mut sid = [0; 20];
        self.0.read_exact(&mut sid).expect("an id");
        self.skip("}");
        String::from_utf8(sid.to_vec()).expect("text")
    }

    /// A WebSocket that has joined `/`.
    pub(crate) fn websocket(host: &Host) -> Self {
        let mut wire = Self::open(host);
        wire.send(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        );
        wire.skip("\r\n\r\n");
        wire.skip("}");
        wire.frame(0x81, b"40");
        wire.skip("}");
        wire
    }

    /// A frame, masked with zeros.
    pub(crate) fn frame(&mut self, head: u8, payload: &[u8]) {
        match payload.len() {
            short @ 0..126 => self.send([head, 0x80 | short as u8, 0, 0, 0, 0]),
            long => {
                let length = u16::try_from(long).expect("no longer than that").to_be_bytes();
                self.send([head, 0x80 | 126, length[0], length[1], 0, 0, 0, 0]);
            }
        }
        self.send(payload);
    }
}
