//! The situations that the server is put in.

mod costly;
mod exact;
mod idle;
mod list;
mod others;
mod payload;
mod shutdown;
mod slope;
mod soak;
mod storm;

pub(crate) use list::FIGURES;
