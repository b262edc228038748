//! The works: what a host is made to do, and what that cost it.

mod arrival;
mod broadcast;
mod connect;
mod echo;
mod list;
mod meter;
mod work;

pub(crate) use list::WORKS;
pub(crate) use work::{Effort, Feature, Figures, Memory, Target, Work};
