//! Plain Engine.IO: every message comes back. On `/engine.io/`, and on `/welcome.io/` with a word before any is there.

use std::task::Context;
use std::time::Instant;

use pintle_transport::{
    CloseReason, Config, Connection, EngineLayer, Frame, Message, OriginPolicy, Protocol, SessionHandle,
};

use crate::Times;
use crate::app::MAX_PAYLOAD;

pub(crate) fn layer(times: Times) -> EngineLayer<Echo> {
    on("/engine.io", times, Echo { welcome: None })
}

pub(crate) fn welcoming(times: Times) -> EngineLayer<Echo> {
    on("/welcome.io", times, Echo { welcome: Some("welcome") })
}

fn on(path: &str, times: Times, echo: Echo) -> EngineLayer<Echo> {
    let mut config = Config::new(path);
    config.origins = OriginPolicy::Any;
    config
        .limits
        .set_ping_interval(times.ping_interval)
        .set_ping_timeout(times.ping_timeout)
        .set_upgrade_timeout(times.upgrade_timeout)
        .set_max_payload(MAX_PAYLOAD);
    EngineLayer::new(config, echo)
}

/// Says again what it is told.
pub(crate) struct Echo {
    welcome: Option<&'static str>,
}

impl Protocol for Echo {
    type Connection = EchoConnection;

    fn connect(&self, session: SessionHandle, _: Instant) -> EchoConnection {
        if let Some(welcome) = self.welcome {
            // An outbox that is empty has room.
            let _ = session.send([Frame::text(welcome)]);
        }
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
        let _ = self.session.send([frame]);
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}
