//! Names of rooms, as methods take them.

pub use pintle_adapter::IntoRooms;
