//! All works, in the order in which they are done.

use crate::works::{Work, broadcast, connect, echo};

/// The works. Their names are stable.
pub(crate) const WORKS: &[Work] = &[
    Work {
        name: "connect",
        what: "WebSocket connect: 3,000 clients, 64 at a time",
        unit: "connection",
        needs: &[],
        run: connect::connect,
    },
    Work {
        name: "echo-16",
        what: "echo of 16 bytes, 100 connections with 4 in flight",
        unit: "message",
        needs: &[],
        run: echo::echo::<16>,
    },
    Work {
        name: "echo-4096",
        what: "echo of 4 KiB, 100 connections with 4 in flight",
        unit: "message",
        needs: &[],
        run: echo::echo::<4096>,
    },
    Work {
        name: "echo-binary",
        what: "echo of an attachment of 1 KiB, 100 connections with 4 in flight",
        unit: "message",
        needs: &[],
        run: echo::echo_binary,
    },
    Work {
        name: "ack-16",
        what: "acknowledgement of 16 bytes, 100 connections with 4 in flight",
        unit: "acknowledgement",
        needs: &[],
        run: echo::ack::<16>,
    },
    Work {
        name: "ack-4096",
        what: "acknowledgement of 4 KiB, 100 connections with 4 in flight",
        unit: "acknowledgement",
        needs: &[],
        run: echo::ack::<4096>,
    },
    Work {
        name: "ack-binary",
        what: "acknowledgement of an attachment of 1 KiB, 100 connections with 4 in flight",
        unit: "acknowledgement",
        needs: &[],
        run: echo::ack_binary,
    },
    Work {
        name: "broadcast",
        what: "broadcast to 1,000, as fast as it can",
        unit: "delivery",
        needs: &[],
        run: broadcast::broadcast,
    },
    Work {
        name: "broadcast-rate",
        what: "broadcast to 1,000, twenty a second",
        unit: "delivery",
        needs: &[],
        run: broadcast::broadcast_rate,
    },
];
