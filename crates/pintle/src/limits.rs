//! What clients may cost: each bound with its default, what it protects from, and Node's name for it if there is one.

use std::time::Duration;

use pintle_transport::Overflow;

use crate::layer::SocketIoLayer;

/// What a client may send at once, and how long it may take over it.
///
/// No value makes the server panic. Times are at least a millisecond and at most a year, so that [`Duration::MAX`]
/// means never; amounts of which none would leave a connection that can do nothing are at least 1.
impl<S> SocketIoLayer<S> {
    /// The most bytes of a request or of a WebSocket message. 1,000,000, as in Node's `maxHttpBufferSize`. It limits
    /// what one client can have held in memory, and with it the time that a message takes to read.
    ///
    /// A larger body is answered 413, a larger message closes the connection with code 1009.
    #[doc(alias = "maxHttpBufferSize")]
    #[must_use]
    #[track_caller]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.limits().set_max_payload(bytes);
        self
    }

    /// How long the body of a POST may pause. 20 s; in Node the whole request has 300 s. It limits slow-loris attacks:
    /// clients that dribble in what the server has to keep.
    ///
    /// The answer is 408, and the connection closes.
    #[doc(alias = "requestTimeout")]
    #[must_use]
    #[track_caller]
    pub fn body_idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_body_idle_timeout(timeout);
        self
    }

    /// How long the body of a POST may take as a whole. 60 s; in Node the whole request has 300 s. Otherwise as
    /// [`body_idle_timeout`](Self::body_idle_timeout), for those who never pause for long.
    #[doc(alias = "requestTimeout")]
    #[must_use]
    #[track_caller]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_body_timeout(timeout);
        self
    }

    /// How long a WebSocket message may take from its first byte to its last, be it in one frame or in several. 60 s;
    /// Node has no such limit. It is for WebSockets what [`body_timeout`](Self::body_timeout) is for long-polling.
    ///
    /// The connection closes with code 1008, and the reason is
    /// [`MessageTimeout`](crate::DisconnectReason::MessageTimeout).
    #[must_use]
    #[track_caller]
    pub fn message_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_message_timeout(timeout);
        self
    }

    /// The most frames that a WebSocket message may come in. 1024; the `ws` of Node has 16,384. It limits frames
    /// without content, of which no limit of bytes has an idea.
    ///
    /// The connection closes with code 1008.
    #[must_use]
    #[track_caller]
    pub fn max_fragments(mut self, fragments: usize) -> Self {
        self.limits().set_max_fragments(fragments);
        self
    }

    /// The most attachments of a packet. 10, as in Node's parser (`maxAttachments`). It limits what is kept of a packet
    /// that is never completed. With 0 no client can send binary data.
    #[doc(alias = "maxAttachments")]
    #[must_use]
    #[track_caller]
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.proto().set_max_attachments(attachments);
        self
    }

    /// The most bytes that the attachments of a packet may have together. 10,000,000, which is ten of the largest
    /// messages; Node has no such limit. It limits the same where [`max_payload`](Self::max_payload) is greater.
    #[must_use]
    #[track_caller]
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.proto().set_max_attachment_bytes(bytes);
        self
    }

    /// How long to wait for the next attachment of a packet that announced some. 10 s; Node waits for ever. It limits
    /// for how long half a packet is kept.
    #[must_use]
    #[track_caller]
    pub fn attachment_timeout(mut self, timeout: Duration) -> Self {
        self.proto().set_attachment_timeout(timeout);
        self
    }
}

/// What of a client's own making is kept for it.
impl<S> SocketIoLayer<S> {
    /// The most namespaces that a client may be in. 100; Node has no such limit. It limits floods of CONNECT packets.
    #[must_use]
    #[track_caller]
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.proto().set_max_namespaces(namespaces);
        self
    }

    /// The longest name of a namespace, in bytes. 512; Node has no such limit. It limits what a client can have kept,
    /// logged and sent back to it.
    #[must_use]
    #[track_caller]
    pub fn max_namespace_len(mut self, bytes: usize) -> Self {
        self.proto().set_max_namespace_len(bytes);
        self
    }

    /// The longest name of an event, in bytes. 256; Node has no such limit. It limits what is looked up and logged for
    /// an event that nobody knows.
    #[must_use]
    #[track_caller]
    pub fn max_event_len(mut self, bytes: usize) -> Self {
        self.proto().set_max_event_len(bytes);
        self
    }

    /// The longest name of a room, in bytes. 256; Node has no such limit. It limits what is kept where clients name the
    /// rooms that they are put into. To join one with a longer name is an [error](crate::JoinError).
    #[must_use]
    #[track_caller]
    pub fn max_room_len(mut self, bytes: usize) -> Self {
        self.config().max_room_len = bytes;
        self
    }

    /// The most rooms that a socket may be in, besides that of its own id. As many as it likes, as in Node: set it
    /// where clients choose their rooms. To join one more is an [error](crate::JoinError).
    #[must_use]
    #[track_caller]
    pub fn max_rooms(mut self, rooms: usize) -> Self {
        self.config().max_rooms = rooms;
        self
    }

    /// The most acknowledgements that may be awaited from one socket. 1000; Node keeps them all. It limits what a
    /// client costs that never acknowledges. To ask for one more is an [error](crate::EmitWithAckError::TooMany).
    #[must_use]
    #[track_caller]
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.proto().set_max_pending_acks(acks);
        self
    }

    /// How many handlers of a connection may run at once before it is no longer read. 64; Node has no such limit. It
    /// limits what a flood of events costs: from then on TCP makes the client wait.
    #[must_use]
    #[track_caller]
    pub fn max_running(mut self, handlers: usize) -> Self {
        self.config().max_running = handlers.max(1);
        self
    }
}

/// What waits for a client that does not read.
impl<S> SocketIoLayer<S> {
    /// How much may wait for a slow client before its [outbox overflows](Self::overflow). 1 MiB and 16,384 packets;
    /// Node has no such limit. It limits what a client costs that does not read. One that keeps up may be given eight
    /// times as much in one go.
    #[must_use]
    #[track_caller]
    pub fn max_queued(mut self, bytes: usize, packets: usize) -> Self {
        self.limits().set_max_queued_bytes(bytes).set_max_queued_packets(packets);
        self
    }

    /// What becomes of a client that is sent more than [may wait](Self::max_queued) for it. Its connection
    /// [closes](Overflow::Close); Node has no such limit.
    ///
    /// With [`Overflow::Refuse`] it goes without what does not fit: to emit to it is an
    /// [error](crate::EmitError::is_full), a broadcast passes it by, and an acknowledgement that a handler gives is
    /// lost. A packet with attachments is sent whole or not at all. What was refused is gone, with
    /// [recovery](Self::recovery) too, once the client has got something later. What belongs to the protocol, such as
    /// the answer to CONNECT, still closes a connection that has no room for it.
    ///
    /// What is volatile is dropped in any case.
    #[must_use]
    #[track_caller]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.limits().set_overflow(overflow);
        self
    }

    /// How long a client on a WebSocket may take for the [least](Self::min_write_progress) that it must take of what
    /// waits for it. 20 s; Node has no such limit. It limits for how long a client that does not read keeps what it
    /// costs.
    #[must_use]
    #[track_caller]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_write_timeout(timeout);
        self
    }

    /// How many bytes a client on a WebSocket must take within each [`write_timeout`](Self::write_timeout), if it does
    /// not take all that waits. 4096; Node has no such limit. Without it, a byte now and then would keep an outbox full
    /// for days.
    #[must_use]
    #[track_caller]
    pub fn min_write_progress(mut self, bytes: usize) -> Self {
        self.limits().set_min_write_progress(bytes);
        self
    }

    /// How long the peer of a WebSocket may take to hang up after the last words of a connection that is over. 5 s;
    /// Node's `ws` gives it 30 s. It limits for how long a client can hold on to what is no longer in use.
    #[must_use]
    #[track_caller]
    pub fn farewell_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_farewell_timeout(timeout);
        self
    }
}

/// How many clients there may be.
impl<S> SocketIoLayer<S> {
    /// The most connections at once, those included whose handshake is under way. Any number, as in Node. It limits
    /// floods of handshakes: beyond it they are answered 503 with `Retry-After`, and the connections there are do not
    /// notice. With 0 nobody is let in.
    #[must_use]
    #[track_caller]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.transport().set_max_sessions(Some(sessions));
        self
    }

    /// The most connections at once from one address; of IPv6, from one network (`/64`). Any number, as in Node. Beyond
    /// it handshakes are answered as with [`max_sessions`](Self::max_sessions).
    ///
    /// The address is the peer's, as axum's `ConnectInfo<SocketAddr>` has it: where the app is not served with
    /// `into_make_service_with_connect_info`, nothing is counted. Behind a proxy everybody has the proxy's address: do
    /// not use it there. `X-Forwarded-For` is not looked at, since anybody can write it.
    #[must_use]
    #[track_caller]
    pub fn max_sessions_per_address(mut self, sessions: usize) -> Self {
        self.transport().set_max_sessions_per_address(Some(sessions));
        self
    }

    /// How long [`allow_request`](Self::allow_request) may take. 10 s; Node has no such limit. It limits what clients
    /// cost whose admission hangs: until then their connections are held. They are answered 403, with a message that
    /// says so.
    #[must_use]
    #[track_caller]
    pub fn admission_timeout(mut self, timeout: Duration) -> Self {
        self.transport().set_admission_timeout(timeout);
        self
    }
}
