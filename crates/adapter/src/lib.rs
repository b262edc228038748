//! Rooms and the selection of a broadcast's receivers, as pure data.
//!
//! [`Rooms`] knows who is in a namespace and in which rooms; [`Select`] says who a broadcast is for; the [`Selection`]
//! that comes of both is a snapshot, to be walked after the caller let go of its lock.

mod error;
mod list;
mod rooms;
mod select;
mod selection;

pub use error::JoinError;
pub use rooms::{MemberId, Rooms};
pub use select::Select;
pub use selection::{Iter, Selection};
