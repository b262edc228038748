//! Bodies whose end is said in two ways, or in none: what stands behind must never become a request of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pintle::SocketIoLayer;
use pintle_tests::{Endpoint, HttpConnection, Polling};

use crate::attack::withstand;
use crate::scene::realtime;

const SMUGGLED: &str = r#"42["smuggled"]"#;

/// A server that counts how often it hears of what is smuggled.
fn counting() -> (SocketIoLayer, Arc<AtomicUsize>) {
    let smuggled = Arc::<AtomicUsize>::default();
    let count = smuggled.clone();
    let realtime = realtime().on("smuggled", async move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    (realtime, smuggled)
}

/// A session of its own, so that what is smuggled would be heard whatever becomes of the attacker's; and the request that would
/// have it say that.
async fn victim(endpoint: Endpoint) -> (Polling, String) {
    let victim = Polling::open(endpoint).await;
    victim.push("40").await;
    victim.poll().await;
    let (target, length) = (victim.target(), SMUGGLED.len());
    let hidden = format!("POST {target} HTTP/1.1\r\nhost: here\r\ncontent-length: {length}\r\n\r\n{SMUGGLED}");
    (victim, hidden)
}

/// A POST with this head and body, and what the server says to it until it closes the connection, or to the request that
/// asks it to.
async fn said(endpoint: Endpoint, session: &Polling, head: &str, body: &str) -> String {
    let mut connection = HttpConnection::open(endpoint.address()).await;
    let request = format!("POST {} HTTP/1.1\r\nhost: here\r\n{head}\r\n\r\n{body}", session.target());
    // It may hang up at the head.
    let _ = connection.try_send(request).await;
    let _ = connection.try_send("GET /last HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await;
    String::from_utf8(connection.rest().await).expect("text")
}

#[tokio::test]
async fn a55_a_body_without_a_certain_end_is_no_body() {
    let (realtime, smuggled) = counting();
    withstand(realtime, async |endpoint| {
        let (victim, hidden) = victim(endpoint).await;
        let length = hidden.len();
        let chunked = format!("{length:x}\r\n{hidden}\r\n0\r\n\r\n");
        for (head, body) in [
            (format!("content-length: +{length}"), &hidden),
            (format!("content-length: -{length}"), &hidden),
            (format!("content-length: 0x{length:x}"), &hidden),
            (format!("content-length: {length}, 0"), &hidden),
            (format!("content-length: 0, {length}"), &hidden),
            (format!("content-length: 0\r\ncontent-length: {length}"), &hidden),
            (format!("content-length: {length}\r\ncontent-length: 0"), &hidden),
            ("content-length: 99999999999999999999".to_owned(), &hidden),
            ("content-length: ".to_owned(), &hidden),
            (format!("content-length : {length}"), &hidden),
            ("transfer-encoding: xchunked".to_owned(), &chunked),
            ("transfer-encoding: chunked, identity".to_owned(), &chunked),
            ("transfer-encoding: identity".to_owned(), &chunked),
            ("transfer-encoding : chunked".to_owned(), &chunked),
            ("transfer-encoding: \x0bchunked".to_owned(), &chunked),
        ] {
            let attacker = Polling::open(endpoint).await;
            let said = said(endpoint, &attacker, &head, body).await;
            assert!(said.starts_with("HTTP/1.1 400 "), "{head}: {said}");
            assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{head}: nothing is read behind it: {said}");
        }
        for body in [
            format!("ffffffffffffffff1\r\n{hidden}\r\n0\r\n\r\n"),
            format!("-1\r\n{hidden}"),
            format!("0x{length:x}\r\n{hidden}\r\n0\r\n\r\n"),
            format!(" {length:x}\r\n{hidden}\r\n0\r\n\r\n"),
            format!("{length:x}\n{hidden}\n0\n\n"),
            format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", length + 2),
        ] {
            let attacker = Polling::open(endpoint).await;
            let said = said(endpoint, &attacker, "transfer-encoding: chunked", &body).await;
            assert!(!said.contains(" 200 ") && !said.contains(" 404 "), "{body:.30}: {said}");
        }
        // It is as it was, and what it says itself is heard.
        victim.push(SMUGGLED).await;
        victim.push("1").await;
    })
    .await;
    assert_eq!(smuggled.load(Ordering::Relaxed), 1);
}

/// What of a body nobody wants, hyper reads and drops, or it closes the connection: it is no request either way.
#[tokio::test]
async fn a55_h019_the_body_of_a_get_is_not_the_next_request() {
    let (realtime, smuggled) = counting();
    withstand(realtime, async |endpoint| {
        let (victim, hidden) = victim(endpoint).await;
        for head in [
            format!("content-length: {}", hidden.len()),
            format!("transfer-encoding: chunked\r\ncontent-length: {}", hidden.len()),
        ] {
            for target in [endpoint.target("EIO=4&transport=polling"), "/elsewhere".to_owned()] {
                let mut connection = HttpConnection::open(endpoint.address()).await;
                let request = format!("GET {target} HTTP/1.1\r\nhost: here\r\n{head}\r\n\r\n");
                connection.send(request).await;
                let _ = connection.try_send(&hidden).await;
                let _ = connection.try_send("GET /last HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await;
                let said = String::from_utf8(connection.rest().await).expect("text");
                assert!(!said.contains("\r\n\r\nok"), "{said}");
            }
        }
        // It is as it was, and what it says itself is heard.
        victim.push(SMUGGLED).await;
        victim.push("1").await;
    })
    .await;
    assert_eq!(smuggled.load(Ordering::Relaxed), 1);
}

/// What may stand around the pieces of a body is hyper's to bound: it takes a little of it, and no session outlives more.
#[tokio::test]
async fn a55_what_stands_between_the_pieces_of_a_body_is_bounded() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        let chunked = "transfer-encoding: chunked";
        let taken = said(endpoint, &session, chunked, "1;a=b\r\n3\r\n0\r\nx-trailer: y\r\n\r\n").await;
        assert!(taken.starts_with("HTTP/1.1 200 "), "{taken}");
        let extension = format!("1;{}\r\n3\r\n0\r\n\r\n", "a".repeat(1_000_000));
        let trailers = format!("1\r\n3\r\n0\r\n{}\r\n", "x-trailer: y\r\n".repeat(50_000));
        for body in [extension, trailers] {
            let session = Polling::open(endpoint).await;
            let mut connection = HttpConnection::open(endpoint.address()).await;
            let head = format!("POST {} HTTP/1.1\r\nhost: here\r\n{chunked}\r\n\r\n", session.target());
            connection.send(head).await;
            let _ = connection.try_send(body).await;
            let refused = connection.response_or_end().await;
            assert!(refused.is_none_or(|response| response.status == 400));
            session.vanished().await;
        }
    })
    .await;
}
