//! A socket on a pipe, and the peer's end of it in the test's hands.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;

use http::{Request, Response, StatusCode, header};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming as Body};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::unconstrained;

use super::super::client::{frame, frames};
use super::*;

const MAX: usize = 200_000;
/// More than any test sends before it reads.
const WIDE: usize = 1 << 20;
/// So little that a frame does not fit.
const NARROW: usize = 64;

const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const CLOSE: u8 = 0x88;

const DRAINED: ReadEnd = ReadEnd::Drained { read: true };
const OVER: ReadEnd = ReadEnd::Closed(CloseReason::TransportClose);

/// A WebSocket as hyper gives it, on a pipe that holds so many bytes each way, and the other end of the pipe. `early` is in
/// the same write as the request.
async fn open_with(buffer: usize, early: &[u8]) -> (WebSocket, DuplexStream) {
    let (mut peer, io) = tokio::io::duplex(buffer);
    let (upgrades, mut upgraded) = mpsc::unbounded_channel();
    let service = service_fn(move |mut request: Request<Body>| {
        upgrades.send(hyper::upgrade::on(&mut request)).unwrap();
        let switching = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket");
        async { Ok::<_, Infallible>(switching.body(Empty::<Bytes>::new()).unwrap()) }
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades());

    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    peer.write_all(&[request, early].concat()).await.unwrap();
    let upgraded = upgraded.recv().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(peer.read_u8().await.unwrap());
    }
    let (io, read_ahead) = Io::new(upgraded.await.unwrap());
    (WebSocket::new(io, &read_ahead), peer)
}

async fn open(buffer: usize) -> (WebSocket, DuplexStream) {
    open_with(buffer, b"").await
}

/// One turn of reading: what was heard, and why it stopped. `enough` is after how many messages.
async fn read_up_to(socket: &mut WebSocket, enough: usize) -> (Vec<String>, ReadEnd) {
    // Not one poll counts against the test's own turn: what is pending is so because of the pipe.
    let mut config = Config::default();
    config.set_max_payload(MAX);
    unconstrained(poll_fn(|cx| {
        let mut heard = Vec::new();
        let end = socket.poll_read(cx, &config, |_, message| {
            heard.push(match message {
                Received::Text(text) => text.to_owned(),
                Received::Binary(data) => format!("{data:02x?}"),
            });
            if heard.len() < enough { Flow::More } else { Flow::Enough }
        });
        Poll::Ready((heard, end))
    }))
    .await
}

async fn read(socket: &mut WebSocket) -> (Vec<String>, ReadEnd) {
    read_up_to(socket, usize::MAX).await
}

/// One turn of writing.
async fn write(socket: &mut WebSocket) -> Poll<io::Result<usize>> {
    unconstrained(poll_fn(|cx| Poll::Ready(socket.poll_write(cx)))).await
}

/// One turn of the end.
async fn farewell(socket: &mut WebSocket) -> Poll<()> {
    unconstrained(poll_fn(|cx| Poll::Ready(socket.poll_farewell(cx)))).await
}

/// What has reached the peer by now; and whether that is all there will ever be.
async fn take(peer: &mut DuplexStream) -> (Vec<u8>, bool) {
    unconstrained(poll_fn(|cx| {
        let mut taken = Vec::new();
        loop {
            let mut space = [0; 1024];
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut *peer).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready((taken, true)),
                Poll::Ready(end) => end.unwrap(),
                Poll::Pending => return Poll::Ready((taken, false)),
            }
            taken.extend_from_slice(buffer.filled());
        }
    }))
    .await
}

/// Writes all that waits to a peer that reads, and gives the frames.
async fn written(socket: &mut WebSocket, peer: &mut DuplexStream) -> Vec<(u8, Vec<u8>)> {
    let mut wire = Vec::new();
    loop {
        let _ = write(socket).await;
        let (taken, _) = take(peer).await;
        if taken.is_empty() && socket.is_drained() {
            return frames(&wire);
        }
        wire.extend(taken);
    }
}

/// A socket whose writing is stuck in the first of these frames, because the peer does not read.
async fn stuck_in(texts: &[&str]) -> (WebSocket, DuplexStream) {
    let (mut socket, peer) = open(NARROW).await;
    socket.queue().extend(texts.iter().copied().map(Frame::packet));
    assert!(matches!(write(&mut socket).await, Poll::Ready(Ok(1..))), "some of it is out");
    assert!(matches!(write(&mut socket).await, Poll::Pending), "and no more fits");
    assert!(socket.is_stuck() && !socket.is_drained());
    (socket, peer)
}

fn close(code: u16) -> (u8, Vec<u8>) {
    (CLOSE, code.to_be_bytes().to_vec())
}

#[tokio::test]
async fn h085b_what_came_with_the_request_is_read_first() {
    let (mut socket, mut peer) = open_with(WIDE, &[frame(TEXT, b"one"), frame(TEXT, b"two")].concat()).await;
    peer.write_all(&frame(TEXT, b"three")).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["one".into(), "two".into(), "three".into()], DRAINED));
    let (mut socket, mut peer) = open_with(WIDE, &frame(TEXT, b"cut")[..5]).await;
    assert_eq!(read(&mut socket).await.0, Vec::<String>::new());
    peer.write_all(&frame(TEXT, b"cut")[5..]).await.unwrap();
    assert_eq!(read(&mut socket).await.0, ["cut"]);
    // hyper gives the bytes back where the stream is taken out of it, as a TCP connection is.
    let mut socket = WebSocket::new(socket.io, &frame(TEXT, b"given back"));
    peer.write_all(&frame(TEXT, b"new")).await.unwrap();
    assert_eq!(read(&mut socket).await.0, ["given back", "new"]);
}

#[tokio::test]
async fn h085c_a_part_of_a_frame_is_all_that_is_kept() {
    let (mut socket, mut peer) = open(WIDE).await;
    let cut = frame(TEXT, &[b'x'; 300]);
    peer.write_all(&[frame(TEXT, b"whole"), cut[..100].to_vec()].concat()).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["whole".into()], DRAINED));
    assert_eq!(socket.tail.len(), 100);
    for byte in &cut[100..cut.len() - 1] {
        peer.write_u8(*byte).await.unwrap();
        assert_eq!(read(&mut socket).await, (vec![], DRAINED));
    }
    assert!(socket.tail.capacity() <= 2 * cut.len(), "{} bytes are kept", socket.tail.capacity());
    peer.write_u8(cut[cut.len() - 1]).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["x".repeat(300)], DRAINED));
    assert_eq!(socket.tail.capacity(), 0, "an idle connection has no buffer");
    assert_eq!(read(&mut socket).await, (vec![], ReadEnd::Drained { read: false }));
}

#[tokio::test]
async fn a35_a_message_that_dribbles_in_takes_no_more_than_twice_its_room() {
    let (mut socket, mut peer) = open(WIDE).await;
    let message = frame(TEXT, &[b'x'; 20_000]);
    for byte in &message[..message.len() - 1] {
        peer.write_u8(*byte).await.unwrap();
        assert_eq!(read(&mut socket).await, (vec![], DRAINED));
    }
    assert!(socket.tail.capacity() <= 2 * message.len());
    peer.write_u8(message[message.len() - 1]).await.unwrap();
    assert_eq!(read(&mut socket).await.0, ["x".repeat(20_000)]);
    assert_eq!(socket.tail.capacity(), 0);
}

#[tokio::test]
async fn what_must_wait_is_kept_in_order() {
    let (mut socket, mut peer) = open(WIDE).await;
    let all = [frame(TEXT, b"one"), frame(TEXT, b"two"), frame(TEXT, b"three"), frame(TEXT, b"four")].concat();
    peer.write_all(&all[..all.len() - 2]).await.unwrap();
    assert_eq!(read_up_to(&mut socket, 2).await, (vec!["one".into(), "two".into()], ReadEnd::Full));
    assert_eq!(read_up_to(&mut socket, 1).await, (vec!["three".into()], ReadEnd::Full), "though nothing new has come");
    assert_eq!(read(&mut socket).await.0, Vec::<String>::new());
    peer.write_all(&all[all.len() - 2..]).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["four".into()], DRAINED));
}

#[tokio::test]
async fn a_long_wait_leaves_no_large_buffer() {
    let (mut socket, mut peer) = open(WIDE).await;
    peer.write_all(&[frame(TEXT, &vec![b'x'; 150_000]), frame(TEXT, b"last")].concat()).await.unwrap();
    peer.write_all(&frame(TEXT, b"cut")[..5]).await.unwrap();
    assert_eq!(read(&mut socket).await.0, ["x".repeat(150_000), "last".into()]);
    assert_eq!(socket.tail.len(), 5);
    assert!(socket.tail.capacity() <= SCRATCH, "{} bytes are kept for five", socket.tail.capacity());
}

#[tokio::test]
async fn who_never_stops_talking_does_not_keep_others_waiting() {
    let (mut socket, mut peer) = open(WIDE).await;
    let flood = frame(TEXT, &[b'x'; 1000]).repeat(900);
    peer.write_all(&flood).await.unwrap();
    let (heard, end) = read(&mut socket).await;
    assert_eq!(end, ReadEnd::Yielded);
    assert!(heard.len() <= READS * SCRATCH / 1000);
    let (rest, end) = read(&mut socket).await;
    assert_eq!((heard.len() + rest.len(), end), (900, DRAINED));
}

#[tokio::test]
async fn h080_a_close_frame_is_answered_and_what_follows_it_is_ignored() {
    for (payload, answer) in [(&b""[..], (CLOSE, vec![])), (b"\x03\xe8bye", close(1000)), (b"\x0f\xa0", close(4000))] {
        let (mut socket, mut peer) = open(WIDE).await;
        socket.queue().push_back(Frame::packet("before"));
        let end =
            [frame(TEXT, b"last"), frame(CLOSE, payload), frame(TEXT, b"late"), frame(CLOSE, b"\x03\xe9")].concat();
        peer.write_all(&end).await.unwrap();
        assert_eq!(read(&mut socket).await, (vec!["last".into()], OVER));
        // What the server says for itself meanwhile comes too late.
        socket.close(None);
        assert_eq!(farewell(&mut socket).await, Poll::Pending, "the peer has not hung up");
        let (wire, over) = take(&mut peer).await;
        assert_eq!(frames(&wire), [(TEXT, b"before".to_vec()), answer]);
        assert!(over, "nothing follows our close frame");
        peer.write_all(&frame(TEXT, b"later")).await.unwrap();
        assert_eq!(farewell(&mut socket).await, Poll::Pending);
        drop(peer);
        assert_eq!(farewell(&mut socket).await, Poll::Ready(()));
    }
}

#[tokio::test]
async fn the_server_closes_first() {
    let (mut socket, mut peer) = open(WIDE).await;
    socket.queue().push_back(Frame::packet("last"));
    socket.close(None);
    assert_eq!(farewell(&mut socket).await, Poll::Pending);
    let (wire, over) = take(&mut peer).await;
    assert_eq!(frames(&wire), [(TEXT, b"last".to_vec()), (CLOSE, vec![])]);
    assert!(over);
    peer.write_all(&frame(CLOSE, b"")).await.unwrap();
    assert_eq!(farewell(&mut socket).await, Poll::Pending, "a close frame is not the end of the stream");
    peer.shutdown().await.unwrap();
    assert_eq!(farewell(&mut socket).await, Poll::Ready(()));
}

#[tokio::test]
async fn a_violation_closes_with_its_code_after_what_is_queued() {
    for (bytes, code) in [
        (frame(0xc1, b""), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(0x82, &vec![0; MAX + 1]), 1009),
        ([frame(0x01, b""), frame(0x00, b"").repeat(1024)].concat(), 1008),
    ] {
        let (mut socket, mut peer) = open(WIDE).await;
        socket.queue().push_back(Frame::packet("before"));
        peer.write_all(&[frame(TEXT, b"good"), bytes, frame(TEXT, b"late")].concat()).await.unwrap();
        assert_eq!(read(&mut socket).await, (vec!["good".into()], ReadEnd::Violated(code)));
        assert_eq!(farewell(&mut socket).await, Poll::Pending);
        assert_eq!(frames(&take(&mut peer).await.0), [(TEXT, b"before".to_vec()), close(code)]);
    }
}

#[tokio::test]
async fn h081_a_peer_that_hangs_up_without_a_word() {
    let (mut socket, mut peer) = open(WIDE).await;
    peer.write_all(&[frame(TEXT, b"last"), frame(TEXT, b"cut")[..4].to_vec()].concat()).await.unwrap();
    peer.shutdown().await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["last".into()], OVER));
    assert!(socket.is_drained(), "there is nobody to answer");

    drop(peer);
    socket.queue().push_back(Frame::packet("nobody hears it"));
    assert!(matches!(write(&mut socket).await, Poll::Ready(Err(_))));
    assert_eq!(farewell(&mut socket).await, Poll::Ready(()));
}

#[tokio::test]
async fn a30_a_ping_of_any_length_comes_back_byte_for_byte() {
    let (mut socket, mut peer) = open(WIDE).await;
    for length in 0..=125_u8 {
        let payload: Vec<u8> = (0..length).map(|at| at ^ length).collect();
        peer.write_all(&frame(PING, &payload)).await.unwrap();
        assert_eq!(read(&mut socket).await, (vec![], DRAINED));
        assert_eq!(written(&mut socket, &mut peer).await, [(PONG, payload)]);
    }
}

#[tokio::test]
async fn h083_a_pong_that_nobody_asked_for_is_ignored() {
    let (mut socket, mut peer) = open(WIDE).await;
    peer.write_all(&[frame(PONG, b"hello"), frame(TEXT, b"on")].concat()).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec!["on".into()], DRAINED));
    assert!(socket.is_drained());
}

#[tokio::test]
async fn h077_a_ping_within_a_message_is_answered_before_the_message_ends() {
    let (mut socket, mut peer) = open(WIDE).await;
    peer.write_all(&[frame(0x01, b"a"), frame(PING, b"now")].concat()).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec![], DRAINED));
    assert_eq!(written(&mut socket, &mut peer).await, [(PONG, b"now".to_vec())]);
    peer.write_all(&frame(0x80, b"b")).await.unwrap();
    assert_eq!(read(&mut socket).await.0, ["ab"]);
}

#[tokio::test]
async fn a_pong_goes_between_two_frames() {
    let (first, second) = ("1".repeat(500), "2".repeat(500));
    let (mut socket, mut peer) = stuck_in(&[&first, &second]).await;
    peer.write_all(&frame(PING, b"when?")).await.unwrap();
    assert_eq!(read(&mut socket).await, (vec![], DRAINED), "reading goes on while writing is stuck");
    let expected = [(TEXT, first.into_bytes()), (PONG, b"when?".to_vec()), (TEXT, second.into_bytes())];
    assert_eq!(written(&mut socket, &mut peer).await, expected);
    assert!(!socket.is_stuck());
}

#[tokio::test]
async fn a36_h082_a_flood_of_pings_leaves_the_answers_to_the_latest() {
    let (mut socket, mut peer) = stuck_in(&[&"x".repeat(500)]).await;
    let ping = |number: u32| format!("{number:0>125}").into_bytes();
    for number in 0..10_000 {
        let wire = frame(PING, &ping(number));
        for part in wire.chunks(NARROW) {
            peer.write_all(part).await.unwrap();
            assert_eq!(read(&mut socket).await, (vec![], DRAINED));
        }
    }
    assert_eq!(socket.held().0, 1, "pongs are no frames of the session's");
    let all = written(&mut socket, &mut peer).await;
    assert_eq!(all[0].1.len(), 500);
    let pongs = &all[1..];
    assert!((1..=16).contains(&pongs.len()), "{} pongs", pongs.len());
    // An unbroken run that ends with the last.
    let expected = (10_000 - pongs.len() as u32..10_000).map(|number| (PONG, ping(number)));
    assert!(pongs.iter().cloned().eq(expected));
}

#[tokio::test]
async fn a36_h082_a_pong_that_is_half_written_is_finished() {
    let (mut socket, mut peer) = open(NARROW).await;
    for number in 0..100_u8 {
        for part in frame(PING, &[number; 125]).chunks(NARROW) {
            peer.write_all(part).await.unwrap();
            assert_eq!(read(&mut socket).await, (vec![], DRAINED));
            let _ = write(&mut socket).await;
        }
    }
    let all = written(&mut socket, &mut peer).await;
    assert_eq!(all.first(), Some(&(PONG, vec![0; 125])), "its beginning was out");
    assert_eq!(all.last(), Some(&(PONG, vec![99; 125])));
    assert!(all.len() <= 17, "{} pongs", all.len());
}

#[tokio::test]
async fn what_is_held_is_told_in_frames_and_bytes() {
    let (mut socket, mut peer) = stuck_in(&[&"x".repeat(500), "y"]).await;
    assert_eq!(socket.held(), (2, 504 - NARROW + 3));
    let (taken, _) = take(&mut peer).await;
    assert_eq!(taken.len(), NARROW);
    assert!(matches!(write(&mut socket).await, Poll::Ready(Ok(1..))));
    assert_eq!(socket.held(), (2, 504 - 2 * NARROW + 3));
}

#[tokio::test]
async fn what_is_discarded_leaves_no_half_of_a_frame() {
    let (mut socket, mut peer) = stuck_in(&[&"x".repeat(500), "never"]).await;
    socket.discard();
    socket.close(None);
    assert_eq!(written(&mut socket, &mut peer).await, [(TEXT, vec![b'x'; 500]), (CLOSE, vec![])]);
}

#[tokio::test]
async fn the_end_waits_until_the_last_words_are_out() {
    let (mut socket, mut peer) = stuck_in(&[&"x".repeat(500)]).await;
    socket.close(None);
    let mut wire = Vec::new();
    let mut over = false;
    while !over {
        assert_eq!(farewell(&mut socket).await, Poll::Pending);
        let taken;
        (taken, over) = take(&mut peer).await;
        assert!(over || !taken.is_empty(), "it goes on");
        wire.extend(taken);
    }
    assert_eq!(frames(&wire), [(TEXT, vec![b'x'; 500]), (CLOSE, vec![])]);
}
