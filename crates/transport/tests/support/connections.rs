//! The two plainest things that can run on a session.

use std::task::Context;
use std::time::Instant;

use pintle_transport::{CloseReason, Connection, Frame, Message, SessionHandle};

/// Hears everything and says nothing.
pub(crate) struct Quiet;

impl Connection for Quiet {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, _: Message<'_>) {}

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}

/// Says what it hears, and closes at "bye".
pub(crate) struct Echo(pub(crate) SessionHandle);

impl Connection for Echo {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, message: Message<'_>) {
        // Where a message is not taken the session ends, and its reason tells the test.
        let _ = match message {
            Message::Text("bye") => return self.0.close(),
            Message::Text(text) => self.0.send([Frame::text(text)]),
            Message::Binary(data) => self.0.send([Frame::binary(&data)]),
        };
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}
