//! The requests of long-polling.

use std::time::Duration;

use pintle_tests::{HttpConnection, Polling, Request, judging_reference};

use crate::Host;

/// E-36
#[tokio::test]
async fn a_get_waits_until_there_is_something_to_say() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut get = session.start_get().await;
    assert!(get.stays_silent(Duration::from_millis(100)).await);
    session.push("4hello").await;
    assert_eq!(get.response().await.text(), "4hello");
}

/// E-41
#[tokio::test]
async fn a_get_is_answered_with_these_headers() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    session.push("4é").await;
    let response = session.get().await;
    assert_eq!((response.status, response.text()), (200, "4é"));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(response.header("content-length"), Some("3"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    // Ours alone.
    assert!(judging_reference() || response.header("x-content-type-options") == Some("nosniff"));
}

/// E-41
#[tokio::test]
async fn a_post_is_answered_with_these_headers() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let response = session.post("4hello").await;
    assert_eq!((response.status, response.text()), (200, "ok"));
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(response.header("content-length"), Some("2"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    // Ours alone.
    assert!(judging_reference() || response.header("x-content-type-options") == Some("nosniff"));
}

/// E-39
#[tokio::test]
async fn any_content_type_is_text() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let post = Request::post(session.target(), "4é");
    let types = ["text/plain", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "x/y"];
    for request in
        types.map(|kind| post.clone().header("content-type", kind)).into_iter().chain([post.without("content-type")])
    {
        let response = request.send(host.address()).await;
        assert_eq!((response.status, response.text()), (200, "ok"), "{request:?}");
        assert_eq!(session.receive().await, "4é");
    }
}

/// E-39, H-059: binary bodies went with version 3.
#[tokio::test]
async fn an_octet_stream_is_refused_and_ends_the_session() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let post = Request::post(session.target(), "4hello").header("content-type", "application/octet-stream");
    let response = post.send(host.address()).await;
    assert_eq!((response.status, response.text()), (400, ""));
    session.closed().await;
}

/// E-38
#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut connection = HttpConnection::open(host.address()).await;
    let head = Request::post(session.target(), "").header("transfer-encoding", "chunked");
    connection.request(&head).await;
    // The cut goes through a character.
    for chunk in [&b"2\r\n4\xc3\r\n"[..], b"2\r\n\xa9!\r\n", b"0\r\n\r\n"] {
        connection.send(chunk).await;
    }
    assert_eq!(connection.response().await.text(), "ok");
    assert_eq!(session.receive().await, "4é!");
}

/// E-40, H-050
#[tokio::test]
async fn chunks_over_the_limit_are_refused_and_the_session_lives_on() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut connection = HttpConnection::open(host.address()).await;
        let head = Request::post(session.target(), "").header("transfer-encoding", "chunked");
        connection.request(&head).await;
        // 1,000,000 bytes, and one more; the end of the body never comes.
        connection.send("f4240\r\n").await;
        connection.send("4".repeat(1_000_000)).await;
        connection.send("\r\n1\r\n4\r\n").await;
        let response = connection.response().await;
        assert_eq!((response.status, response.text()), (413, ""));
        session.assert_open().await;
    }
}

/// One connection serves any number of requests.
#[tokio::test]
async fn requests_may_share_a_connection() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut connection = HttpConnection::open(host.address()).await;
    for _ in 0..3 {
        connection.request(&Request::post(session.target(), "4hello")).await;
        assert_eq!(connection.response().await.text(), "ok");
        connection.request(&Request::get(session.target())).await;
        assert_eq!(connection.response().await.text(), "4hello");
    }
}

/// H-063: the GET is answered by the heartbeat, the POST after it.
#[tokio::test]
async fn a_post_may_queue_behind_a_get_on_one_connection() {
    let host = Host::hasty().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut connection = HttpConnection::open(host.address()).await;
    connection.request(&Request::get(session.target())).await;
    connection.request(&Request::post(session.target(), "4hello")).await;
    assert_eq!(connection.response().await.status, 200);
    assert_eq!(connection.response().await.text(), "ok");
    session.assert_open().await;
    // Whether the message had already left with the GET depends on the server.
    session.push("4more").await;
    while session.receive().await != "4more" {}
}

/// E-37: a client without keep-alive is not gone.
#[tokio::test]
async fn connections_for_one_request_each_do_no_harm() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    for _ in 0..3 {
        let post = Request::post(session.target(), "4hello").header("connection", "close");
        assert_eq!(post.send(host.address()).await.text(), "ok");
        let get = Request::get(session.target()).header("connection", "close");
        assert_eq!(get.send(host.address()).await.text(), "4hello");
    }
}

/// E-36, H-040
#[tokio::test]
async fn overlapping_gets_end_the_session() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut first = session.start_get().await;
        let mut second = session.start_get().await;
        let responses = [first.response().await, second.response().await];
        let mut answers = responses.each_ref().map(|response| (response.status, response.text()));
        // Nobody can say which of the two came first.
        answers.sort_unstable();
        assert_eq!(answers, [(200, "1"), (400, "")]);
        session.assert_gone().await;
    }
}

/// E-38, H-041
#[tokio::test]
async fn overlapping_posts_end_the_session() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut first = HttpConnection::open(host.address()).await;
        let head = Request::post(session.target(), "").header("content-length", "7");
        first.request(&head).await;
        first.send("4hel").await;
        // The server has not necessarily seen it yet; until it has, the other POST is welcome.
        let second = loop {
            let response = session.post("3").await;
            if response.status != 200 {
                break response;
            }
        };
        assert_eq!((second.status, second.text()), (400, ""));
        session.closed().await;
        // Node cuts the connection of the first.
        let _ = first.try_send("lo!").await;
        let first = first.response_or_end().await;
        assert!(first.is_none_or(|response| response.status == 400));
    }
}

/// E-37, H-042
#[tokio::test]
async fn an_aborted_get_ends_the_session() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut get = session.start_get().await;
        assert!(get.stays_silent(Duration::from_millis(50)).await);
        get.abort();
        session.vanished().await;
    }
}

/// E-38, H-045: nothing of a body that did not come whole is delivered.
#[tokio::test]
async fn an_aborted_post_ends_the_session() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut post = HttpConnection::open(host.address()).await;
        let head = Request::post(session.target(), "").header("content-length", "100");
        post.request(&head).await;
        post.send("4hello").await;
        assert!(post.stays_silent(Duration::from_millis(50)).await);
        post.abort();
        session.vanished().await;
    }
}
