//! Plain Engine.IO on `/engine.io/`: every message comes back.

use std::task::Context;
use std::time::Instant;

use pintle_transport::{
    CloseReason, Config, Connection, EngineLayer, Frame, Message, OriginPolicy, Protocol, SessionHandle,
};

use crate::Times;
use crate::app::MAX_PAYLOAD;

pub(crate) fn layer(times: Times) -> EngineLayer<Echo> {
    let mut config = Config::new("/engine.io");
    config.origins = OriginPolicy::Any;
    config
        .limits
        .set_ping_interval(times.ping_interval)
        .set_ping_timeout(times.ping_timeout)
        .set_upgrade_timeout(times.upgrade_timeout)
        .set_max_payload(MAX_PAYLOAD);
    EngineLayer::new(config, Echo)
}

/// Says again what it is told.
pub(crate) struct Echo;

impl Protocol for Echo {
    type Connection = EchoConnection;

    fn connect(&self, session: SessionHandle, _: Instant) -> EchoConnection {
        EchoConnection { session }
    }
}

pub(crate) struct EchoConnection {
    session: SessionHandle,
}

impl Connection for EchoConnection {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, message: Message<'_>) {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(data) => Frame::binary(&data),
        };
        // Should the outbox be full, the session closes, which is all there is to do about it.
        let _ = self.session.send(&[frame]);
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}
