//! Mixed traffic: who takes part, what they say, and what they miss.

mod hostile;
mod member;
mod mix;
mod pace;
mod packet;
mod run;
mod strangers;
mod totals;

pub(crate) use mix::Mix;
pub(crate) use run::Traffic;
pub(crate) use totals::Totals;
