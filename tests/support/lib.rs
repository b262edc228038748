//! What the tests of the whole server share: a client that speaks the wire by hand, servers to speak to, and runners for
//! the real clients.
//!
//! Nothing here sleeps to be green. Whoever waits for something says what for, with a bound that only a broken server
//! reaches ([`PATIENCE`]).

mod client;
mod console;
mod driven;
mod elsewhere;
mod http;
mod notation;
mod polling;
mod postgres;
mod program;
mod proxy;
mod redis;
mod redis_cluster;
mod reference;
mod scripts;
mod server;
mod signal;
mod time;
pub mod vectors;
mod websocket;

pub use client::{Client, Packet, Transport};
pub use console::Console;
pub use driven::{Driver, RealSocket};
pub use elsewhere::{Elsewhere, alive_tasks};
pub use http::{HttpConnection, Request, Response};
pub use polling::{Polling, decode_binary, encode_binary, encode_payload, split};
pub use postgres::Postgres;
pub use program::{Program, example};
pub use proxy::{Direction, Fault, Line, Proxy};
pub use redis::Redis;
pub use redis_cluster::RedisCluster;
pub use reference::{Reference, judging_reference};
pub use scripts::{WAYS, node, node_command, python};
pub use server::{Endpoint, TestServer};
pub use signal::{pause, resume, terminate};
pub use time::{PATIENCE, eventually, within};
pub use websocket::{Frame, Opcode, WebSocket, encode_frame, encode_packet};
