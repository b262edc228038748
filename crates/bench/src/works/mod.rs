//! The works: what a host is made to do, and what that cost it.

mod arrival;
mod broadcast;
mod churn;
mod connect;
mod echo;
mod growth;
mod idle;
mod list;
mod meter;
mod opening;
mod polling;
mod rooms;
#[cfg(test)]
mod tests;
mod upgrade;
mod work;

pub(crate) use list::WORKS;
pub(crate) use work::{Effort, Feature, Figures, Memory, Target, Work};
