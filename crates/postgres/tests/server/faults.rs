//! A PostgreSQL that goes away, and comes back.

use std::time::Duration;

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_postgres::PostgresAdapter;
use pintle_tests::{Postgres, within};
use tokio::time::Instant;

use crate::ear::{Heard, Node};

#[tokio::test]
async fn who_is_cut_off_says_so_and_is_back_soon() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    b.listen("socket.io#/b").await;
    postgres.stop().await;
    a.expect(Heard::CutOff).await;
    b.expect(Heard::CutOff).await;
    assert!(!a.driver.is_connected());
    assert!(!a.say("nobody hears this") && !a.attach("nor this"));
    // What is to be listened to is remembered.
    let topic = Topic::Channel("socket.io#/c".to_owned());
    assert!(b.driver.transmit(Transmit::Subscribe(topic)));
    let topic = Topic::Channel("socket.io#/b".to_owned());
    assert!(b.driver.transmit(Transmit::Unsubscribe(topic)));

    postgres.start_again().await;
    let begun = Instant::now();
    a.expect(Heard::Listening).await;
    b.expect(Heard::Listening).await;
    let back = begun.elapsed();
    assert!(back < Duration::from_secs(2), "it took {back:?}");
    assert!(a.driver.is_connected());
    assert!(a.say_on("socket.io#/b", "0") && a.say_on("socket.io#/c", "1") && a.attach("2"));
    b.expect(Heard::Message("socket.io#/c".to_owned(), b"1".to_vec())).await;
    b.expect_message("2").await;
}

#[tokio::test]
async fn a_connection_that_is_ended_is_made_again() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for which in ["query LIKE '%LISTEN%socket.io%'", "query NOT LIKE '%LISTEN%socket.io%'"] {
        let pids = format!(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'pintle' AND {which} ORDER BY backend_start DESC LIMIT 1"
        );
        let ended = postgres.query(&format!("SELECT count(pg_terminate_backend(pid)) FROM ({pids}) AS pids")).await;
        assert_eq!(ended, "1", "{which}");
        b.expect(Heard::CutOff).await;
        b.expect(Heard::Listening).await;
        assert!(a.say(which) && a.attach(which));
        b.expect_message(which).await;
        b.expect_message(which).await;
    }
}

#[tokio::test]
async fn who_stands_still_for_long_is_away() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    postgres.pause();
    for turn in 0..300_u32 {
        assert!(a.say(turn.to_string()));
    }
    a.expect(Heard::CutOff).await;
    // Those that were on their way, and those that waited.
    a.expect(Heard::Lost(300)).await;
    b.expect(Heard::CutOff).await;
    postgres.resume();
    a.expect(Heard::Listening).await;
    b.expect(Heard::Listening).await;
    assert!(a.say("2"));
    b.expect_message("2").await;
}

#[tokio::test]
async fn who_closes_while_postgres_is_away_need_not_wait() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut node = Node::start(&postgres).await;
    postgres.stop().await;
    node.expect(Heard::CutOff).await;
    node.driver.close();
    node.expect(Heard::Closed).await;
}

#[tokio::test]
async fn a_locked_table_holds_up_nothing_else_for_long() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    let lock = "BEGIN; LOCK TABLE socket_io_attachments; SELECT pg_sleep(15); COMMIT";
    let locked = async {
        let waits =
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation IS NOT NULL";
        while postgres.query(waits).await == "0" {}
        assert!(a.attach("1") && a.say("2"));
        a.expect(Heard::Lost(1)).await;
        b.expect_message("2").await;
    };
    tokio::select! {
        _ = postgres.query(lock) => panic!("it was held up for as long as the table was locked"),
        () = locked => {}
    }
}

#[tokio::test]
async fn who_cannot_connect_hears_why() {
    let Some(postgres) = Postgres::start().await else { return };
    let wrong = postgres.url().replace("postgres@", "nobody:secret@");
    let error = PostgresAdapter::connect(&wrong).await.expect_err("no such role");
    let place = format!("cannot use PostgreSQL at 127.0.0.1:{}", postgres.port());
    assert_eq!(error.to_string(), format!("{place}: db error: FATAL: role \"nobody\" does not exist"));
    assert!(!format!("{error:?}").contains("secret"));

    let tls = format!("{}?sslmode=require", postgres.url());
    let error = PostgresAdapter::connect(&tls).await.expect_err("no TLS").to_string();
    assert!(error.starts_with(&place) && error.contains("TLS"), "{error}");

    postgres.stop().await;
    let error = PostgresAdapter::connect(&postgres.url()).await.expect_err("nobody there").to_string();
    assert!(error.starts_with(&place) && error.contains("refused"), "{error}");

    postgres.start_again().await;
    postgres.pause();
    let url = postgres.url();
    let error = within("an error", PostgresAdapter::connect(&url)).await;
    let silent = format!("PostgreSQL at 127.0.0.1:{} does not answer", postgres.port());
    assert_eq!(error.expect_err("no answer").to_string(), silent);
}
