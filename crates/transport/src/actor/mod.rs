//! The task of a session. It alone owns the session: transport, upgrade, heartbeat, and what runs on top.
//!
//! Nothing else touches that state, so nothing of it needs a lock. Whoever wants something of the session leaves word in
//! its [mailbox](crate::session) and wakes the task. What a turn of the task does is in [`task`].

mod alarm;
mod input;
mod link;
mod output;
mod task;

pub(crate) use task::Actor;
