//! The cases. What has the name of one of the official suites does what that does.

pub(crate) mod acks;
pub(crate) mod broadcasts;
pub(crate) mod data;
pub(crate) mod emitters;
pub(crate) mod garbage;
pub(crate) mod ours;
pub(crate) mod presence;
pub(crate) mod recovery;
pub(crate) mod servers;
pub(crate) mod sockets;
