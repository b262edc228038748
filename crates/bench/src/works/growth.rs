//! `growth-*`: what a message costs while more and more are connected.

use std::io;

use crate::works::broadcast::Pace;
use crate::works::echo::{self, Exchange, TALKERS};
use crate::works::{Effort, Figures, Target, arrival, broadcast, rooms};

const SIZE: usize = 16;

/// A hundred talk while `CONNECTED` are there.
pub(super) fn sockets<const CONNECTED: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, CONNECTED)?;
    echo::measure(target, effort, &mut crowd, vec![Exchange::echo("", SIZE)])
}

/// The same, each of them in a room of its own.
pub(super) fn rooms<const CONNECTED: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, CONNECTED)?;
    rooms::join(&mut crowd, (0..CONNECTED).map(|id| (id, vec![id])))?;
    echo::measure(target, effort, &mut crowd, vec![Exchange::echo("", SIZE)])
}

/// The same, each of them in a namespace of its own.
pub(super) fn namespaces<const CONNECTED: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect_apart(target, CONNECTED)?;
    let exchanges = (0..TALKERS).map(|id| Exchange::echo(&arrival::namespace(id), SIZE)).collect();
    echo::measure(target, effort, &mut crowd, exchanges)
}

/// One broadcast after the other to `CONNECTED`.
pub(super) fn broadcast<const CONNECTED: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    broadcast::to_all(target, effort, CONNECTED, 1, Pace::InFlight(1))
}
