//! What there is too much of.

use std::time::Duration;

use pintle_postgres::PostgresAdapter;
use pintle_tests::{Postgres, within};

use crate::ear::{Heard, Node};

#[tokio::test]
async fn no_more_waits_than_there_is_room_for() {
    let Some(postgres) = Postgres::start().await else { return };
    let adapter =
        PostgresAdapter::builder().max_queue_bytes(10_000).connect(&postgres.url()).await.expect("a connection");
    let (mut a, mut b) = (Node::open(&adapter).await, Node::start(&postgres).await);
    // Nobody takes anything while this task runs: the test has one thread.
    let taken = (0..1000_u32).take_while(|turn| a.say(format!("{turn:0100}"))).count();
    assert!((50..=100).contains(&taken), "{taken} of 100 bytes and some each");
    assert!(!a.attach(vec![0; 10_000]));
    for turn in 0..taken {
        b.expect_message(format!("{turn:0100}")).await;
    }
    // There is room again.
    within("room", async {
        while !a.say("more") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    b.expect_message("more").await;
    a.driver.close();
    a.expect(Heard::Closed).await;
}

#[tokio::test]
async fn what_was_put_aside_is_removed_after_a_while() {
    let Some(postgres) = Postgres::start().await else { return };
    let soon = Duration::from_millis(200);
    let adapter =
        PostgresAdapter::builder().cleanup_interval(soon).connect(&postgres.url()).await.expect("a connection");
    let (a, mut b) = (Node::open(&adapter).await, Node::start(&postgres).await);
    assert!(a.attach("1"));
    b.expect_message("1").await;
    let removed = async { while postgres.query("SELECT count(*) FROM socket_io_attachments").await != "0" {} };
    within("the row to be removed", removed).await;
    // One of the future stays.
    let later = "INSERT INTO socket_io_attachments (created_at, payload) VALUES (now() + interval '1 hour', '')";
    postgres.query(later).await;
    postgres.query("INSERT INTO socket_io_attachments (payload) VALUES ('')").await;
    let removed = async { while postgres.query("SELECT count(*) FROM socket_io_attachments").await != "1" {} };
    within("only the old row to be removed", removed).await;
}

#[tokio::test]
async fn what_is_too_large_is_not_fetched() {
    let Some(postgres) = Postgres::start().await else { return };
    let small = PostgresAdapter::builder().max_attachment_bytes(1000);
    let adapter = small.connect(&postgres.url()).await.expect("a connection");
    let (mut a, b) = (Node::open(&adapter).await, Node::start(&postgres).await);
    assert!(b.attach([1; 1001]) && b.attach([2; 1000]));
    a.expect_message([2; 1000]).await;
}

/// How many messages a second go from one node to another: `cargo test -p pintle-postgres --release -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures"]
#[expect(clippy::print_stdout, reason = "somebody asked for it")]
async fn messages_a_second() {
    // As many as may wait.
    const MESSAGES: u32 = 10_000;

    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for what in ["notified", "put aside"] {
        let begun = tokio::time::Instant::now();
        for _ in 0..MESSAGES {
            let payload = vec![b'x'; 300];
            assert!(if what == "notified" { a.say(payload) } else { a.attach(payload) });
        }
        for _ in 0..MESSAGES {
            b.expect_message([b'x'; 300]).await;
        }
        println!("{what}: {:.0} a second", f64::from(MESSAGES) / begun.elapsed().as_secs_f64());
    }
}
