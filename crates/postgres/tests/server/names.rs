//! Names that SQL might take for something else.

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_postgres::{PostgresAdapter, PostgresBuilder};
use pintle_tests::Postgres;

use crate::ear::{Heard, Node};

#[tokio::test]
async fn a_channel_may_be_called_anything_short() {
    let Some(postgres) = Postgres::start().await else { return };
    let (a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    let long = format!("socket.io#/{}", "x".repeat(63 - "socket.io#/".len()));
    let names = [r#"socket.io#/a"b"#, "socket.io#/it's", r#"#"; DROP TABLE socket_io_attachments; --"#, "#/ä😀", &long];
    for name in names {
        b.listen(name).await;
        assert!(a.say_on(name, name));
        b.expect(Heard::Message(name.to_owned(), name.as_bytes().to_vec())).await;
    }
    // It is still there.
    assert!(a.attach("1"));
    b.expect_message("1").await;
}

#[tokio::test]
async fn a_channel_that_cannot_be_is_refused_and_disturbs_no_other() {
    let Some(postgres) = Postgres::start().await else { return };
    let (mut a, mut b) = (Node::start(&postgres).await, Node::start(&postgres).await);
    for name in [&"x".repeat(64), "a\0b"] {
        assert!(!b.driver.transmit(Transmit::Subscribe(Topic::Channel(name.to_owned()))));
        assert!(!a.say_on(name, "1"));
    }
    // Cut off, this is what `LISTEN` would have listened to.
    assert!(a.say_on(&"x".repeat(63), "2"));
    assert!(a.say("3"));
    b.expect_message("3").await;
    // What cannot be text cannot be told either, or is lost.
    assert!(!a.say([0xff]));
    assert!(a.say("a\0b"));
    a.expect(Heard::Lost(1)).await;
    assert!(a.say("4"));
    b.expect_message("4").await;
}

#[tokio::test]
async fn a_table_may_be_called_anything() {
    let Some(postgres) = Postgres::start().await else { return };
    postgres.query("CREATE SCHEMA realtime").await;
    let tables = [
        ("Attachments", "attachments"),
        ("realtime.Attachments", "realtime.attachments"),
        (r#"my "own" table"#, r#""my ""own"" table""#),
        ("it's; DROP TABLE attachments", r#""it's; DROP TABLE attachments""#),
    ];
    for (name, in_sql) in tables {
        let adapter = with(&postgres, |builder| builder.table_name(name)).await;
        let (a, mut b) = (Node::open(&adapter).await, Node::open(&adapter).await);
        assert!(a.attach("1"));
        b.expect_message("1").await;
        assert_eq!(postgres.query(&format!("SELECT count(*) FROM {in_sql}")).await, "1");
    }
}

#[tokio::test]
async fn a_prefix_that_leaves_no_room_for_a_namespace_is_refused_at_once() {
    let long = PostgresAdapter::builder().channel_prefix("x".repeat(62)).connect("postgres://127.0.0.1:1/").await;
    let error = long.expect_err("no channel can be called that").to_string();
    assert_eq!(error, "the prefix of the channels is too long: PostgreSQL allows the name of a channel 63 bytes");
}

#[tokio::test]
async fn eight_make_the_table_at_once() {
    let Some(postgres) = Postgres::start().await else { return };
    let url = postgres.url();
    let connecting = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresAdapter::connect(&url).await })
    });
    for connecting in connecting.collect::<Vec<_>>() {
        connecting.await.expect("no panic").expect("a connection");
    }
}

#[tokio::test]
async fn who_may_not_make_tables_uses_the_one_that_is_there() {
    let Some(postgres) = Postgres::start().await else { return };
    drop(PostgresAdapter::connect(&postgres.url()).await.expect("a connection"));
    postgres.query("CREATE ROLE app LOGIN").await;
    postgres.query("GRANT SELECT, INSERT, DELETE ON socket_io_attachments TO app").await;
    postgres.query("GRANT USAGE ON SEQUENCE socket_io_attachments_id_seq TO app").await;
    let url = postgres.url().replace("postgres@", "app@");
    let adapter = PostgresAdapter::connect(&url).await.expect("a connection");
    let (a, mut b) = (Node::open(&adapter).await, Node::open(&adapter).await);
    assert!(a.attach("1"));
    b.expect_message("1").await;
    // One that is not there it cannot make, and hears why.
    let error = PostgresAdapter::builder().table_name("another").connect(&url).await.expect_err("no such table");
    assert!(error.to_string().ends_with("permission denied for schema public"), "{error}");
}

async fn with(postgres: &Postgres, change: impl FnOnce(PostgresBuilder) -> PostgresBuilder) -> PostgresAdapter {
    change(PostgresAdapter::builder()).connect(&postgres.url()).await.expect("a connection")
}
