//! What happens to the rooms of a namespace, for those who want to know.

use std::sync::Arc;

use pintle_proto::SocketId;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::news::News;

/// What happened to a room. Node's events of an adapter, by the same names.
///
/// The room of a socket's own id is one, too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// There is somebody in a room that was empty. Node's `create-room`.
    Created {
        /// The room.
        room: Arc<str>,
    },
    /// A socket has joined. Node's `join-room`.
    Joined {
        /// The room.
        room: Arc<str>,
        /// The socket.
        id: SocketId,
    },
    /// A socket has left. Node's `leave-room`.
    Left {
        /// The room.
        room: Arc<str>,
        /// The socket.
        id: SocketId,
    },
    /// The last one has left. Node's `delete-room`.
    Deleted {
        /// The room.
        room: Arc<str>,
    },
    /// The subscriber was too slow: so many events are lost to it.
    Missed(u64),
}

/// What happens to the rooms of a namespace from now on, in the order in which it happens: what
/// [`SocketIo::room_events`](crate::SocketIo::room_events) gives.
///
/// 1,024 events wait for a subscriber; one that is slower than that [misses](RoomEvent::Missed) some.
///
/// ```
/// use pintle::{RoomEvent, SocketIo};
///
/// async fn watch(io: SocketIo) {
///     let mut events = io.room_events();
///     while let Some(event) = events.recv().await {
///         if let RoomEvent::Created { room } = event {
///             println!("somebody opened {room}");
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct RoomEvents(Option<Receiver<RoomEvent>>);

impl RoomEvents {
    /// Of a namespace that there is not.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// The next event; `None` when the namespace is gone.
    pub async fn recv(&mut self) -> Option<RoomEvent> {
        match self.0.as_mut()?.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(missed)) => Some(RoomEvent::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Those who want to know.
#[derive(Debug, Default)]
pub(crate) struct Subscribers(News<RoomEvent>);

impl Subscribers {
    pub(crate) fn subscribe(&self) -> RoomEvents {
        RoomEvents(Some(self.0.subscribe()))
    }

    /// A socket has joined a room; `members` counts those who are in it now.
    pub(crate) fn joined(&self, room: &str, id: SocketId, members: impl FnOnce() -> usize) {
        if self.0.is_followed() {
            let room: Arc<str> = room.into();
            if members() == 1 {
                self.0.tell(RoomEvent::Created { room: room.clone() });
            }
            self.0.tell(RoomEvent::Joined { room, id });
        }
    }

    /// A socket has left a room; `members` counts those who are left in it.
    pub(crate) fn left(&self, room: &str, id: SocketId, members: impl FnOnce() -> usize) {
        if self.0.is_followed() {
            let room: Arc<str> = room.into();
            self.0.tell(RoomEvent::Left { room: room.clone(), id });
            if members() == 0 {
                self.0.tell(RoomEvent::Deleted { room });
            }
        }
    }
}
