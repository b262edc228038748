//! Rooms, the selection of a broadcast's receivers, and the recovery log, as pure data.
//!
//! [`Rooms`] knows who is in a namespace and in which rooms; [`Select`] says who a broadcast is for; the [`Selection`]
//! that comes of both is a snapshot, to be walked after the caller let go of its lock.
//!
//! [`Recovery`] keeps what was sent to a namespace, and the sessions of those who lost their connection, so that a client
//! that comes back misses nothing.
//!
//! [`cluster`] is the language of several nodes.

pub mod cluster;
mod error;
mod into_rooms;
mod list;
mod recovery;
mod rooms;
mod select;
mod selection;

pub use error::JoinError;
pub use into_rooms::IntoRooms;
pub use recovery::{Claim, Departed, Missed, Offset, Pid, Recovery, RecoveryConfig};
pub use rooms::{MemberId, Rooms};
pub use select::Select;
pub use selection::{Iter, Selection};
