//! Writing a packet's JSON: in one pass, into the bytes that go out.

mod body;
mod spread;

pub(crate) use body::Body;
pub(crate) use spread::verbatim;
