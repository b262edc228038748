//! A client: what runs on its session, owned and polled by the session's task.
//!
//! Packets go through the connection machine of [`pintle_proto`]; events start their handlers, which are polled here and
//! now. One that does not finish at once goes to [`jobs`], and is polled with the rest of them when it wakes.

mod arrival;
mod departure;
mod dispatch;
mod events;
mod jobs;
mod lanes;
mod wire;

pub(crate) use wire::Wire;
