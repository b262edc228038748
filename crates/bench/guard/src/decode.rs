//! Messages in: what a client sent, up to the values that a handler wants.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use pintle_proto::{Args, Config, Connection, Incoming};

/// Events with a string of `length` bytes.
pub(crate) fn text(length: usize, units: usize) {
    let text = format!(r#"2["message","{}"]"#, "x".repeat(length));
    let mut client = Client::joined();
    for _ in 0..units {
        let args = client.hear(black_box(&text)).expect("the event is whole");
        black_box(args.deserialize::<String>().expect("the argument is a string"));
    }
}

/// Events with an attachment of `length` bytes.
pub(crate) fn binary(length: usize, units: usize) {
    let text = r#"51-["message",{"_placeholder":true,"num":0}]"#;
    let attachment = vec![1; length];
    let mut client = Client::joined();
    for _ in 0..units {
        assert!(client.hear(black_box(text)).is_none(), "the event lacks its attachment");
        let whole = client.connection.handle_binary(client.now, black_box(&attachment)).expect("it was announced");
        let args = event(whole).expect("the event is whole");
        black_box(args.deserialize::<Bytes>().expect("the argument is the attachment"));
    }
}

/// The server's side of a client that is in `/`.
struct Client {
    connection: Connection<()>,
    now: Instant,
}

impl Client {
    fn joined() -> Self {
        let now = Instant::now();
        let mut connection = Connection::new(Arc::new(Config::default()), now);
        let Ok(Some(Incoming::Connect { slot, .. })) = connection.handle_text(now, "0") else {
            unreachable!("the packet is a CONNECT");
        };
        connection.begin(slot, ());
        assert!(connection.accept(slot), "the namespace is pending");
        Self { connection, now }
    }

    fn hear(&mut self, text: &str) -> Option<Args> {
        event(self.connection.handle_text(self.now, text).expect("the packet is an event"))
    }
}

fn event(incoming: Option<Incoming<'_>>) -> Option<Args> {
    match incoming {
        Some(Incoming::Event { args, .. }) => Some(args),
        _ => None,
    }
}
