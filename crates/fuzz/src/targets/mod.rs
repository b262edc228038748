//! The targets: of each, what is tried, what must hold, and seeds.

pub(crate) mod cluster;
pub(crate) mod conversation;
pub(crate) mod event;
pub(crate) mod packet;
pub(crate) mod payload;
pub(crate) mod request;
pub(crate) mod service;
pub(crate) mod websocket;
