//! All works, in the order in which they are done.

use crate::works::{Feature, Work, broadcast, churn, connect, echo, growth, idle, polling, rooms, upgrade};

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
        name: "upgrade",
        what: "long-polling connect and upgrade: 1,000 clients, 32 at a time",
        unit: "connection",
        needs: &[Feature::Polling],
        run: upgrade::upgrade,
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
        name: "polling-echo",
        what: "echo of 16 bytes over long-polling, 100 sessions",
        unit: "round trip",
        needs: &[Feature::Polling],
        run: polling::polling_echo,
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
    Work {
        name: "room-of-1000",
        what: "a room of 1,000 among 10,000 sockets, as fast as it can",
        unit: "delivery",
        needs: &[Feature::Rooms],
        run: rooms::room_of_1000,
    },
    Work {
        name: "rooms-of-10",
        what: "10,000 rooms of 10 among 10,000 sockets, as fast as it can",
        unit: "delivery",
        needs: &[Feature::Rooms],
        run: rooms::rooms_of_10,
    },
    Work {
        name: "churn",
        what: "joining and leaving one of 1,000 rooms, 100 connections with 4 in flight",
        unit: "operation",
        needs: &[Feature::Rooms],
        run: churn::churn,
    },
    Work {
        name: "idle-5000",
        what: "5,000 connections that do nothing for 26 s, and then leave",
        unit: "connection",
        needs: &[],
        run: idle::idle::<5_000>,
    },
    Work {
        name: "idle-15000",
        what: "15,000 connections that do nothing for 26 s, and then leave",
        unit: "connection",
        needs: &[],
        run: idle::idle::<15_000>,
    },
    Work {
        name: "growth-sockets-100",
        what: "echo of 16 bytes on 100 of 100 connections",
        unit: "message",
        needs: &[],
        run: growth::sockets::<100>,
    },
    Work {
        name: "growth-sockets-1000",
        what: "echo of 16 bytes on 100 of 1,000 connections",
        unit: "message",
        needs: &[],
        run: growth::sockets::<1_000>,
    },
    Work {
        name: "growth-sockets-10000",
        what: "echo of 16 bytes on 100 of 10,000 connections",
        unit: "message",
        needs: &[],
        run: growth::sockets::<10_000>,
    },
    Work {
        name: "growth-sockets-15000",
        what: "echo of 16 bytes on 100 of 15,000 connections",
        unit: "message",
        needs: &[],
        run: growth::sockets::<15_000>,
    },
    Work {
        name: "growth-rooms-100",
        what: "echo of 16 bytes on 100 of 100 connections in as many rooms",
        unit: "message",
        needs: &[Feature::Rooms],
        run: growth::rooms::<100>,
    },
    Work {
        name: "growth-rooms-1000",
        what: "echo of 16 bytes on 100 of 1,000 connections in as many rooms",
        unit: "message",
        needs: &[Feature::Rooms],
        run: growth::rooms::<1_000>,
    },
    Work {
        name: "growth-rooms-10000",
        what: "echo of 16 bytes on 100 of 10,000 connections in as many rooms",
        unit: "message",
        needs: &[Feature::Rooms],
        run: growth::rooms::<10_000>,
    },
    Work {
        name: "growth-rooms-15000",
        what: "echo of 16 bytes on 100 of 15,000 connections in as many rooms",
        unit: "message",
        needs: &[Feature::Rooms],
        run: growth::rooms::<15_000>,
    },
    Work {
        name: "growth-namespaces-100",
        what: "echo of 16 bytes on 100 of 100 connections in as many namespaces",
        unit: "message",
        needs: &[Feature::Namespaces],
        run: growth::namespaces::<100>,
    },
    Work {
        name: "growth-namespaces-1000",
        what: "echo of 16 bytes on 100 of 1,000 connections in as many namespaces",
        unit: "message",
        needs: &[Feature::Namespaces],
        run: growth::namespaces::<1_000>,
    },
    Work {
        name: "growth-namespaces-10000",
        what: "echo of 16 bytes on 100 of 10,000 connections in as many namespaces",
        unit: "message",
        needs: &[Feature::Namespaces],
        run: growth::namespaces::<10_000>,
    },
    Work {
        name: "growth-namespaces-15000",
        what: "echo of 16 bytes on 100 of 15,000 connections in as many namespaces",
        unit: "message",
        needs: &[Feature::Namespaces],
        run: growth::namespaces::<15_000>,
    },
    Work {
        name: "growth-broadcast-100",
        what: "broadcast to 100, one after the other",
        unit: "delivery",
        needs: &[],
        run: growth::broadcast::<100>,
    },
    Work {
        name: "growth-broadcast-1000",
        what: "broadcast to 1,000, one after the other",
        unit: "delivery",
        needs: &[],
        run: growth::broadcast::<1_000>,
    },
    Work {
        name: "growth-broadcast-10000",
        what: "broadcast to 10,000, one after the other",
        unit: "delivery",
        needs: &[],
        run: growth::broadcast::<10_000>,
    },
    Work {
        name: "growth-broadcast-15000",
        what: "broadcast to 15,000, one after the other",
        unit: "delivery",
        needs: &[],
        run: growth::broadcast::<15_000>,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_works_have_one_name() {
        let mut names: Vec<_> = WORKS.iter().map(|work| work.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WORKS.len());
    }
}
