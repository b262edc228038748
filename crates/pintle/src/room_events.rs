//! What happens to the rooms of a namespace, for those who want to know.

use std::sync::{Arc, OnceLock};

use pintle_proto::SocketId;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

/// What may be told before a subscriber that is slow misses some of it.
const REMEMBERED: usize = 1_024;

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

/// Those who want to know. Without any, nothing is done for them.
#[derive(Debug, Default)]
pub(crate) struct Subscribers(OnceLock<Sender<RoomEvent>>);

impl Subscribers {
    pub(crate) fn subscribe(&self) -> RoomEvents {
        RoomEvents(Some(self.0.get_or_init(|| channel(REMEMBERED).0).subscribe()))
    }

    /// Whether there is somebody to tell.
    fn is_any(&self) -> bool {
        self.0.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// A socket has joined a room; `members` counts those who are in it now.
    pub(crate) fn joined(&self, room: &str, id: SocketId, members: impl FnOnce() -> usize) {
        if self.is_any() {
            let room: Arc<str> = room.into();
            if members() == 1 {
                self.tell(RoomEvent::Created { room: room.clone() });
            }
            self.tell(RoomEvent::Joined { room, id });
        }
    }

    /// A socket has left a room; `members` counts those who are left in it.
    pub(crate) fn left(&self, room: &str, id: SocketId, members: impl FnOnce() -> usize) {
        if self.is_any() {
            let room: Arc<str> = room.into();
            self.tell(RoomEvent::Left { room: room.clone(), id });
            if members() == 0 {
                self.tell(RoomEvent::Deleted { room });
            }
        }
    }

    fn tell(&self, event: RoomEvent) {
        if let Some(sender) = self.0.get() {
            // It fails if the last one has just gone, and then nobody misses it.
            let _ = sender.send(event);
        }
    }
}
