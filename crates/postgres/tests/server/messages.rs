//! What is carried: whole, once, in order.

use std::future::poll_fn;

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_postgres::PostgresAdapter;
use pintle_tests::{Postgres, within};
use tokio_postgres::{AsyncMessage, NoTls};

use crate::ear::{CHANNEL, Heard, Node};

#[tokio::test]
async fn what_one_says_the_others_hear() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    assert!(a.driver.is_connected());
    assert!(a.say(r#"{"a":1}"#));
    b.expect_message(r#"{"a":1}"#).await;
    assert!(b.say("ä€😀 'quoted' \\ $1"));
    // What it has said itself it does not hear.
    a.expect_message("ä€😀 'quoted' \\ $1").await;
}

#[tokio::test]
async fn large_and_small_come_in_the_order_in_which_they_were_said() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for turn in 0..500_u32 {
        let text = turn.to_string();
        assert!(if turn % 3 == 0 { a.attach(text) } else { a.say(text) });
    }
    for turn in 0..500_u32 {
        b.expect_message(turn.to_string()).await;
    }
}

#[tokio::test]
async fn the_same_said_twice_is_heard_twice() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for _ in 0..100 {
        assert!(a.say("tick"));
    }
    assert!(a.say("end"));
    for _ in 0..100 {
        b.expect_message("tick").await;
    }
    b.expect_message("end").await;
}

#[tokio::test]
async fn a_notification_takes_up_to_7999_bytes() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    let text = |bytes| "x".repeat(bytes);
    assert!(a.say(text(7999)));
    b.expect_message(text(7999)).await;
    // The dialect would not have it said like this; it is lost, and nothing else is.
    for bytes in [8000, 8001] {
        assert!(a.say(text(bytes)));
        a.expect(Heard::Lost(1)).await;
        assert!(a.attach(text(bytes)));
        b.expect_message(text(bytes)).await;
    }
}

#[tokio::test]
async fn what_is_put_aside_is_any_bytes() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let large = all.repeat(1 << 12);
    assert!(a.attach(all.clone()));
    assert!(a.attach(large.clone()));
    assert!(a.attach(""));
    b.expect_message(all).await;
    b.expect_message(large).await;
    b.expect_message("").await;
}

#[tokio::test]
async fn a_notice_names_a_row_in_figures_or_in_text() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut node = Node::start(&postgres).await;
    let insert = r"INSERT INTO socket_io_attachments (payload) VALUES ('\x0102') RETURNING id";
    let id = postgres.query(insert).await;
    for id in [id.clone(), format!("\"{id}\"")] {
        notify(&postgres, &format!(r#"{{"uid":"emitter","type":3,"attachmentId":{id}}}"#)).await;
        node.expect_message([1, 2]).await;
    }
}

#[tokio::test]
async fn the_notice_is_as_node_writes_it() {
    let Some(postgres) = Postgres::start().await else { return };
    let node = Node::start(&postgres).await;
    let (client, mut connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.expect("a connection");
    let mut notified = poll_fn(|context| connection.poll_message(context));
    let listen = client.batch_execute("LISTEN \"socket.io#/\"");
    let notified = async {
        tokio::select! {
            _ = &mut notified => unreachable!("nobody says anything yet"),
            listening = listen => listening.expect("to listen"),
        }
        assert!(node.attach("first"));
        notified.await
    };
    let Some(Ok(AsyncMessage::Notification(notice))) = within("the notice", notified).await else {
        panic!("no notice");
    };
    assert_eq!(notice.payload(), r#"{"uid":"0011223344556677","type":3,"attachmentId":"1"}"#);
    assert_eq!(postgres.query("SELECT id, payload FROM socket_io_attachments").await, r"1|\x6669727374");
}

#[tokio::test]
async fn what_is_nothing_of_ours_is_heard_as_it_is_and_a_row_that_is_gone_is_passed_over() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut node = Node::start(&postgres).await;
    postgres.query("INSERT INTO socket_io_attachments (id, payload) VALUES (7, NULL)").await;
    let no_rows = [
        r#"{"uid":"a","type":3,"attachmentId":"4711"}"#,
        r#"{"uid":"a","type":3,"attachmentId":-1}"#,
        r#"{"uid":"a","type":3,"attachmentId":"7"}"#,
    ];
    let not_ours = [
        "",
        "{",
        r#"{"attachmentId":"#,
        r#"{"attachmentId":"99999999999999999999"}"#,
        r#"{"attachmentId":[1]}"#,
        r#"{"data":{"attachmentId":"7"}}"#,
        "\u{fffd}\u{1}",
    ];
    for payload in no_rows.iter().chain(&not_ours) {
        notify(&postgres, payload).await;
    }
    for payload in not_ours {
        node.expect_message(payload).await;
    }
}

#[tokio::test]
async fn channels_come_and_go() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    b.listen("socket.io#/b").await;
    assert!(a.say_on("socket.io#/b", "1"));
    assert!(a.say_on("socket.io#/c", "nobody hears this"));
    b.expect(Heard::Message("socket.io#/b".to_owned(), b"1".to_vec())).await;

    let topic = Topic::Channel("socket.io#/b".to_owned());
    assert!(b.driver.transmit(Transmit::Unsubscribe(topic)));
    // What is asked for afterwards is listened to when everything before it is done.
    b.listen("socket.io#/d").await;
    assert!(a.say_on("socket.io#/b", "2"));
    assert!(a.say("3"));
    b.expect_message("3").await;
}

#[tokio::test]
async fn who_asks_how_many_listen_is_told_that_nobody_knows() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut node = Node::start(&postgres).await;
    assert!(node.driver.transmit(Transmit::Count { channel: CHANNEL.to_owned(), request: "r".to_owned() }));
    node.expect(Heard::Counted("r".to_owned(), None)).await;
}

#[tokio::test]
async fn who_closes_has_said_everything() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for turn in 0..200_u32 {
        assert!(if turn % 2 == 0 { a.attach(turn.to_string()) } else { a.say(turn.to_string()) });
    }
    a.driver.close();
    assert!(!a.driver.is_connected());
    assert!(!a.say("too late"));
    a.expect(Heard::Closed).await;
    for turn in 0..200_u32 {
        b.expect_message(turn.to_string()).await;
    }
    assert_eq!(postgres.query(CONNECTIONS).await, "2", "those of b");
}

#[tokio::test]
async fn who_is_dropped_leaves_nothing() {
    let Some(postgres) = Postgres::start().await else { return };
    let node = Node::start(&postgres).await;
    assert_eq!(postgres.query(CONNECTIONS).await, "2");
    drop(node);
    nobody_is_connected(&postgres).await;
}

#[tokio::test]
async fn an_adapter_that_nobody_opens_is_no_harm() {
    let Some(postgres) = Postgres::start().await else { return };
    let adapter = PostgresAdapter::connect(&postgres.url()).await.expect("a connection");
    drop(adapter);
    nobody_is_connected(&postgres).await;
}

const CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pintle'";

/// PostgreSQL notices in its own time.
async fn nobody_is_connected(postgres: &Postgres) {
    within("the connections to be closed", async { while postgres.query(CONNECTIONS).await != "0" {} }).await;
}

async fn notify(postgres: &Postgres, payload: &str) {
    let payload = payload.replace('\'', "''");
    postgres.query(&format!("SELECT pg_notify('{CHANNEL}', E'{}')", payload.replace('\\', "\\\\"))).await;
}
