//! What a client may cost: how slow it may be over what it sends and what it takes, and how many there may be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use pintle_transport::{CloseReason, Frame, Limits, Overflow, SendError};
use support::{
    Answer, Echo, Poller, Quiet, Received, Server, answer, frame, open_websocket, push, receive, receive_text, settle,
    text, within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

type Set = fn(&mut Limits) -> &mut Limits;

/// Heartbeats would end sessions whose clients do nothing but misbehave.
fn no_heartbeats(limits: &mut Limits) {
    limits.set_ping_interval(Duration::MAX);
}

fn quiet(set: impl FnOnce(&mut Limits) -> &mut Limits) -> Server<Quiet> {
    Server::with_limits(
        |_| Quiet,
        |limits| {
            no_heartbeats(limits);
            set(limits);
        },
    )
}

/// The answer to a POST of which a byte comes each `pause`, and when it came.
async fn dribble(io: &mut DuplexStream, sid: &str, pause: Duration) -> (Answer, Duration) {
    let begun = Instant::now();
    let post = push(sid, &[b'4'; 1000]);
    io.write_all(&post[..post.len() - 999]).await.unwrap();
    for byte in &post[post.len() - 999..] {
        if let Ok(answer) = timeout(pause, answer(io)).await {
            return (answer, begun.elapsed());
        }
        io.write_all(&[*byte]).await.unwrap();
    }
    panic!("all of it was taken");
}

#[tokio::test(start_paused = true)]
async fn h046_a_body_may_pause_for_so_long_and_take_so_long_altogether() {
    for (set, pause, expected) in [
        ((|limits| limits) as Set, 60, 20),
        (|limits| limits, 15, 60),
        (|limits| limits.set_body_idle_timeout(5 * SECOND), 15, 5),
        (|limits| limits.set_body_timeout(7 * SECOND), 2, 7),
    ] {
        let server = quiet(set);
        let poller = Poller::open(server.dial(65_536)).await;
        let other = Poller::open(server.dial(65_536)).await;
        let (answered, after) = dribble(&mut server.dial(65_536), &poller.sid, pause * SECOND).await;
        let too_slow = Answer { status: 408, body: String::new() };
        assert_eq!((answered, after.as_secs()), (too_slow, expected));
        settle().await;
        assert_eq!(server.reasons(), [CloseReason::TransportError]);
        assert_eq!(server.sessions(), 1, "only this session is affected");
        drop(other);
    }
}

/// The frame that closes, and when it came. Nothing else may come.
async fn closed(io: &mut DuplexStream, since: Instant) -> (Received, u64) {
    let frame = timeout(300 * SECOND, receive(io)).await.expect("the session closes");
    (frame.unwrap(), since.elapsed().as_secs())
}

fn policy() -> Received {
    Received::Close(1008_u16.to_be_bytes().to_vec())
}

#[tokio::test(start_paused = true)]
async fn h076_a35_a_message_in_too_many_frames_is_refused_however_small_they_are() {
    for (limit, set) in [(1024, (|limits| limits) as Set), (3, |limits| limits.set_max_fragments(3))] {
        let server = quiet(set);
        for payload in [&b""[..], b"x"] {
            let mut io = open_websocket(server.dial(65_536)).await;
            let mut first = frame(0x1, b"4");
            first[0] &= 0x7f;
            io.write_all(&first).await.unwrap();
            let mut next = frame(0x0, payload);
            next[0] &= 0x7f;
            for _ in 1..limit {
                io.write_all(&next).await.unwrap();
            }
            settle().await;
            assert_eq!(server.reasons(), [], "as many as may be");
            io.write_all(&next).await.unwrap();
            assert_eq!(closed(&mut io, Instant::now()).await.0, policy());
            settle().await;
            assert_eq!(server.reasons(), [CloseReason::TransportError]);
            server.forget_reasons();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn h076_h085c_a_message_that_is_never_finished_ends_the_session() {
    let begun = frame(0x1, &[b'4'; 1000]);
    let mut fragment = begun.clone();
    fragment[0] &= 0x7f;
    for (set, expected) in [((|limits| limits) as Set, 60), (|limits| limits.set_message_timeout(7 * SECOND), 7)] {
        let server = quiet(set);
        for (what, first) in [("a part of a frame", &begun[..10]), ("a part of a header", &begun[..1])] {
            let mut io = open_websocket(server.dial(65_536)).await;
            let since = Instant::now();
            io.write_all(first).await.unwrap();
            assert_eq!(closed(&mut io, since).await, (policy(), expected), "{what}");
        }
        let mut io = open_websocket(server.dial(65_536)).await;
        let since = Instant::now();
        io.write_all(&fragment).await.unwrap();
        // Further frames, and pings between them, do not win it time.
        let mut more = frame(0x0, b"x");
        more[0] &= 0x7f;
        for _ in 0..3 {
            sleep(2 * SECOND).await;
            io.write_all(&[more.clone(), frame(0x9, b"")].concat()).await.unwrap();
            assert_eq!(within(receive(&mut io)).await.unwrap(), Received::Pong(vec![]));
        }
        assert_eq!(closed(&mut io, since).await, (policy(), expected));
        settle().await;
        assert_eq!(server.reasons(), [CloseReason::MessageTimeout; 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_always_in_the_middle_of_another_message_is_not_late() {
    let server = Server::with_limits(Echo, |limits| {
        no_heartbeats(limits);
        limits.set_message_timeout(10 * SECOND);
    });
    let mut io = open_websocket(server.dial(65_536)).await;
    let message = text("4hello");
    let (head, rest) = message.split_at(4);
    io.write_all(head).await.unwrap();
    for _ in 0..20 {
        sleep(5 * SECOND).await;
        // The end of one, and the beginning of the next.
        io.write_all(&[rest, head].concat()).await.unwrap();
        assert_eq!(within(receive_text(&mut io)).await, "4hello");
    }
    io.write_all(rest).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4hello");
    sleep(60 * SECOND).await;
    assert_eq!(server.reasons(), [], "and an idle one is in no message");
}

#[tokio::test(start_paused = true)]
async fn a36_pings_that_nobody_hears_the_answers_of_make_no_queue() {
    let server = quiet(|limits| limits);
    let mut io = open_websocket(server.dial(1024)).await;
    let ping = |number: u32| frame(0x9, &[&number.to_be_bytes()[..], &[b'x'; 121]].concat());
    for number in 1..=10_000 {
        within(io.write_all(&ping(number))).await.unwrap();
    }
    settle().await;
    let mut pongs = Vec::new();
    while let Ok(pong) = timeout(SECOND, receive(&mut io)).await {
        let Received::Pong(payload) = pong.unwrap() else { panic!("not a pong") };
        pongs.push(u32::from_be_bytes(payload[..4].try_into().unwrap()));
    }
    // What the pipe holds, those of which one is stuck half-way, and the latest.
    assert!(pongs.len() <= 1024 / 127 + 16 + 1, "{} pongs", pongs.len());
    assert_eq!(pongs.last(), Some(&10_000));
    assert_eq!(server.reasons(), []);
}

/// Reads `bytes` each second until the stream ends, or for five minutes.
async fn read_slowly(io: &mut DuplexStream, bytes: usize) -> Duration {
    let begun = Instant::now();
    let mut buffer = vec![0; bytes];
    while begun.elapsed() < 300 * SECOND && matches!(io.read(&mut buffer).await, Ok(1..)) {
        sleep(SECOND).await;
    }
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn h152_who_takes_a_byte_now_and_then_is_closed_and_who_takes_a_little_more_is_not() {
    for (set, bytes, reasons) in [
        ((|limits| limits) as Set, 1, &[CloseReason::WriteTimeout][..]),
        (|limits| limits, 200, &[CloseReason::WriteTimeout]),
        (|limits| limits, 220, &[]),
        (|limits| limits.set_min_write_progress(1), 1, &[]),
        (|limits| limits.set_min_write_progress(10_000), 220, &[CloseReason::WriteTimeout]),
        (|limits| limits.set_write_timeout(60 * SECOND), 70, &[]),
    ] {
        let server = quiet(set);
        let mut io = open_websocket(server.dial(512)).await;
        for _ in 0..10 {
            server.last().send([Frame::text(&"x".repeat(50_000))]).unwrap();
        }
        let took = read_slowly(&mut io, bytes).await;
        assert_eq!(server.reasons(), reasons, "{bytes} bytes a second, for {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_little_that_is_all_there_is_is_enough() {
    let server = quiet(|limits| limits);
    let mut io = open_websocket(server.dial(16)).await;
    for _ in 0..20 {
        server.last().send([Frame::text(&"x".repeat(30))]).unwrap();
        sleep(19 * SECOND).await;
        assert_eq!(within(receive_text(&mut io)).await.len(), 31);
    }
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn h151_answers_to_heartbeats_that_were_not_heard_do_not_keep_a_client_that_does_not_read() {
    let server = Server::new(|_| Quiet);
    let mut io = open_websocket(server.dial(1024)).await;
    server.last().send([Frame::text(&"x".repeat(100_000))]).unwrap();
    for _ in 0..19 {
        sleep(SECOND).await;
        io.write_all(&text("3")).await.unwrap();
    }
    assert_eq!(server.reasons(), []);
    sleep(2 * SECOND).await;
    assert_eq!(server.reasons(), [CloseReason::WriteTimeout]);
}

fn refusing() -> Server<Quiet> {
    quiet(|limits| limits.set_overflow(Overflow::Refuse).set_max_queued_bytes(1000))
}

#[tokio::test(start_paused = true)]
async fn h150_who_does_not_read_may_go_without_rather_than_be_closed() {
    let server = refusing();
    let mut io = open_websocket(server.dial(64)).await;
    let session = server.last();
    let send = |text: &str| session.send([Frame::text(text)]);
    // On its way, in part.
    send(&"x".repeat(500)).unwrap();
    settle().await;
    send(&"y".repeat(600)).unwrap();
    for _ in 0..100 {
        assert_eq!(send("lost"), Err(SendError::Refused));
        assert!(!session.send_volatile([Frame::text("lost")]));
    }
    // One of several parts is refused as a whole.
    assert_eq!(session.send([Frame::text("lost"), Frame::binary(b"lost")]), Err(SendError::Refused));
    settle().await;
    assert_eq!(server.reasons(), []);
    for length in [501, 601] {
        assert_eq!(within(receive_text(&mut io)).await.len(), length);
    }
    send("again").unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4again", "and nothing that was refused");
}

#[tokio::test(start_paused = true)]
async fn what_a_client_cannot_do_without_closes_all_the_same() {
    let server = refusing();
    let _io = open_websocket(server.dial(64)).await;
    server.last().send([Frame::text(&"x".repeat(2000))]).unwrap();
    settle().await;
    assert_eq!(server.last().send([Frame::text("x")]), Err(SendError::Refused));
    assert_eq!(server.last().send_or_close([Frame::text("x")]), Err(SendError::Full));
    settle().await;
    assert_eq!(server.reasons(), [CloseReason::Overflow]);
}

#[tokio::test(start_paused = true)]
async fn who_goes_without_and_never_reads_is_closed_in_the_end() {
    let server = refusing();
    let _io = open_websocket(server.dial(64)).await;
    server.last().send([Frame::text(&"x".repeat(2000))]).unwrap();
    for _ in 0..19 {
        sleep(SECOND).await;
        assert_eq!(server.last().send([Frame::text("x")]), Err(SendError::Refused));
    }
    sleep(2 * SECOND).await;
    assert_eq!(server.reasons(), [CloseReason::WriteTimeout]);
}
