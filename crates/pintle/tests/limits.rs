//! What a client may cost, as the options of a server have it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use bytes::Bytes;
use futures_util::future::join_all;
use pintle::{
    ClientError, DisconnectReason, EmitWithAckError, JoinError, Overflow, Socket, SocketIoLayer, StateRecovery,
};
use support::{Client, Server, settle, within};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn refusing<S: Clone + Send + Sync + 'static>() -> SocketIoLayer<S> {
    SocketIoLayer::new().overflow(Overflow::Refuse).max_queued(1000, 100)
}

/// One client that does not read, its socket, and one client that does.
async fn one_does_not_read(server: &Server) -> (Client, Socket, Client) {
    let deaf = server.join().await;
    let socket = server.io().sockets().pop().unwrap();
    // More than the pipe holds.
    socket.emit("fill", "x".repeat(70_000)).unwrap();
    settle().await;
    (deaf, socket, server.join().await)
}

#[tokio::test(start_paused = true)]
async fn h150_who_does_not_read_is_passed_by_where_that_is_wanted() {
    for layer in [refusing(), refusing().recovery(StateRecovery::new())] {
        let server = Server::new(layer);
        let (mut deaf, socket, mut listener) = one_does_not_read(&server).await;
        for number in 0..100 {
            assert!(socket.emit("lost", number).unwrap_err().is_full());
            assert!(socket.emit("lost", (Bytes::from_static(b"1"), Bytes::from_static(b"2"))).unwrap_err().is_full());
            // That is no error of who sends it, and the others do not notice.
            server.io().emit("news", number).unwrap();
            assert!(listener.hear().await.starts_with(&format!(r#"2["news",{number}"#)));
            socket.volatile().emit("lost", number).unwrap();
        }
        let asked = socket.emit_with_ack::<u8>("lost", ()).await.unwrap_err();
        assert!(matches!(asked, EmitWithAckError::Emit(error) if error.is_full()));
        assert!(socket.is_connected());
        assert!(deaf.hear().await.starts_with(r#"2["fill","xxx"#));
        settle().await;
        socket.emit("again", ()).unwrap();
        assert!(deaf.hear().await.starts_with(r#"2["again""#), "nothing of what was refused comes");
    }
}

#[tokio::test(start_paused = true)]
async fn h150_otherwise_its_connection_closes_and_the_others_do_not_notice() {
    let reasons = Reasons::default();
    let layer = SocketIoLayer::new().max_queued(1000, 100).on_disconnect(note).with_state(reasons.clone());
    let server = Server::new(layer);
    let (_deaf, socket, mut listener) = one_does_not_read(&server).await;
    assert!(socket.emit("lost", ()).unwrap_err().is_full());
    settle().await;
    assert_eq!(*reasons.lock().unwrap(), [DisconnectReason::Overflow]);
    server.io().emit("news", 1).unwrap();
    assert_eq!(listener.hear().await, r#"2["news",1]"#);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_the_protocol_does_not_get_lost_where_events_may() {
    let server = Server::new(refusing());
    let (_deaf, socket, _listener) = one_does_not_read(&server).await;
    assert!(socket.emit("lost", ()).unwrap_err().is_full());
    // Word of this does not fit, and a client that does not know would go on as if it were connected.
    socket.disconnect();
    settle().await;
    assert_eq!(server.io().engine().clients_count(), 1, "only the listener's connection is left");
}

/// Why sockets were disconnected.
type Reasons = Arc<Mutex<Vec<DisconnectReason>>>;

async fn note(State(reasons): State<Reasons>, reason: DisconnectReason) {
    reasons.lock().unwrap().push(reason);
}

#[tokio::test(start_paused = true)]
async fn h160_a_socket_is_in_no_more_rooms_than_may_be() {
    for recovers in [false, true] {
        let layer = SocketIoLayer::new().max_rooms(3).max_room_len(5);
        let server = Server::new(if recovers { layer.recovery(StateRecovery::new()) } else { layer });
        let _client = server.join().await;
        let socket = server.io().sockets().pop().unwrap();
        assert_eq!(socket.join(["a", "b", "a", "b", "c"]), Ok(()));
        assert_eq!(socket.join("a"), Ok(()), "it is in that already");
        assert_eq!(socket.join(socket.id()), Ok(()), "its own does not count");
        let refused = socket.join(["d", "e"]).unwrap_err();
        assert_eq!(refused.to_string(), "socket is in too many rooms");
        assert_eq!(socket.rooms().len(), 4);
        socket.leave("b");
        assert_eq!(socket.join("d"), Ok(()));
        assert_eq!(socket.join("123456").unwrap_err().to_string(), "room name too long");
        server.io().in_("a").join("e");
        assert!(!socket.is_in("e"), "nor by others");
    }
}

#[tokio::test(start_paused = true)]
async fn h160_a_middleware_has_a_socket_join_no_more_either() {
    async fn join(socket: Socket) -> Result<(), ClientError> {
        for room in 0..3 {
            socket.join(room.to_string()).unwrap();
        }
        let refused: JoinError = socket.join("3").unwrap_err();
        assert_eq!(refused.to_string(), "socket is in too many rooms");
        Ok(())
    }
    let server = Server::new(SocketIoLayer::new().max_rooms(3).middleware(join));
    let _client = server.join().await;
    assert_eq!(server.io().sockets().pop().unwrap().rooms().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn h160_rooms_that_were_left_cost_nothing() {
    let server = Server::new(SocketIoLayer::new());
    let _client = server.join().await;
    let socket = server.io().sockets().pop().unwrap();
    for room in 0..100_000 {
        socket.join(room.to_string()).unwrap();
    }
    assert_eq!(server.io().rooms().len(), 100_000);
    for room in 0..100_000 {
        socket.leave(room.to_string());
    }
    assert_eq!((server.io().rooms().len(), socket.rooms().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn h161_no_more_acknowledgements_are_awaited_than_may_be() {
    for (layer, limit) in [(SocketIoLayer::new(), 1000), (SocketIoLayer::new().max_pending_acks(3), 3)] {
        let server = Server::new(layer);
        let _client = server.join().await;
        let socket = server.io().sockets().pop().unwrap();
        let begun = Instant::now();
        let asked: Vec<_> = (0..limit).map(|_| socket.emit_with_ack::<u8>("ask", ())).collect();
        assert!(matches!(socket.emit_with_ack::<u8>("ask", ()).await, Err(EmitWithAckError::TooMany)));
        let missing = server.io().emit_with_ack::<u8>("ask", ()).await;
        assert!(missing.is_err(), "a broadcast does not ask it either");
        assert_eq!(begun.elapsed(), Duration::ZERO, "nobody was waited for");
        for answer in within(join_all(asked)).await {
            assert!(matches!(answer, Err(EmitWithAckError::Timeout)));
        }
        assert_eq!(begun.elapsed().as_secs(), 5);
        let again = within(socket.emit_with_ack::<u8>("ask", ())).await;
        assert!(matches!(again, Err(EmitWithAckError::Timeout)), "there is room again");
    }
}

/// What becomes of a client that joins `/` and then sends `packets`: the reason for which it is closed, and after how long.
async fn end_of(layer: SocketIoLayer<Reasons>, packets: &[&str]) -> (Option<DisconnectReason>, Duration) {
    let reasons = Reasons::default();
    let layer = layer.on_disconnect(note).ping_interval(Duration::MAX).with_state(reasons.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    let begun = Instant::now();
    for packet in packets {
        client.send(packet).await;
    }
    let closed = tokio::time::timeout(120 * SECOND, client.closed()).await;
    let reason = reasons.lock().unwrap().pop();
    assert_eq!(closed.is_ok(), reason.is_some());
    (reason, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn limits_of_packets_can_be_set() {
    let new = SocketIoLayer::new;
    let forced = Some(DisconnectReason::ForcedClose);
    let half = r#"51-["x",{"_placeholder":true,"num":0}]"#;
    for (layer, packet, after) in [
        (new(), half, 10),
        (new().attachment_timeout(3 * SECOND), half, 3),
        (new().max_attachments(0), half, 0),
        (new().max_event_len(3), r#"2["long"]"#, 0),
        (new().max_namespace_len(3), "0/long,", 0),
    ] {
        let (reason, took) = end_of(layer, &[packet]).await;
        assert_eq!((reason, took.as_secs()), (forced, after), "{packet}");
    }
}

#[tokio::test(start_paused = true)]
async fn a22_who_joins_no_namespace_or_has_left_the_last_one_does_not_stay() {
    for (layer, seconds) in [(SocketIoLayer::new(), 45), (SocketIoLayer::new().connect_timeout(3 * SECOND), 3)] {
        let server = Server::new(layer.ping_interval(Duration::MAX));
        for packets in [&[][..], &["0", "1"], &["0/unknown,"]] {
            let mut client = server.open().await;
            let begun = Instant::now();
            for packet in packets {
                client.send(packet).await;
            }
            until_closed(client).await;
            assert_eq!(begun.elapsed().as_secs(), seconds, "{packets:?}");
        }
    }
}

/// Hears a client out.
async fn until_closed(client: Client) {
    let mut io = client.into_inner();
    while tokio::time::timeout(120 * SECOND, support::receive(&mut io))
        .await
        .expect("it is closed")
        .is_ok_and(|received| received != support::Received::Close)
    {}
}
