//! The ways to a server besides the plain one.

use pintle_redis::RedisAdapter;
use pintle_tests::Redis;

use crate::node::{Node, channel, message};

/// Says something, and hears it.
async fn works(adapter: &RedisAdapter) {
    let mut node = Node::open(adapter, &[channel("c")]).await;
    assert!(node.publish("c", b"over this way"));
    assert_eq!(node.next_message().await, message(channel("c"), "c", b"over this way"));
}

#[tokio::test]
async fn a_socket_in_a_folder() {
    let Some(redis) = Redis::start_with(&["--unixsocket", "redis.sock"]).await else { return };
    let url = format!("unix://{}/redis.sock", redis.folder().display());
    works(&RedisAdapter::connect(&url).await.expect("a server that is there")).await;
}

#[tokio::test]
async fn a_user_and_a_password() {
    let options = "--user pintle on >p:w/d allchannels allcommands --user default off";
    let options: Vec<&str> = options.split(' ').collect();
    let Some(redis) = Redis::start_with(&options).await else { return };
    let url = format!("redis://pintle:p%3Aw%2Fd@127.0.0.1:{}", redis.port());
    works(&RedisAdapter::connect(&url).await.expect("a server that lets us in")).await;
}

#[cfg(feature = "sentinel")]
#[tokio::test]
async fn a_master_that_sentinels_know() {
    use crate::node::Heard;

    let Some(mut redis) = Redis::start_with(&["--requirepass", "secret"]).await else { return };
    let sentinel = redis.start_sentinel("mymaster").await.expect("there is a redis-server");
    sentinel.cli(&["sentinel", "set", "mymaster", "auth-pass", "secret"]).await;
    let nobody = "redis://127.0.0.1:1";
    let adapter = RedisAdapter::sentinel("redis://:secret@mymaster", [nobody, &sentinel.url()]).await;
    let adapter = adapter.expect("a master that is there");
    works(&adapter).await;

    let mut node = Node::open(&adapter, &[channel("c")]).await;
    redis.kill().await;
    node.hears(&Heard::CutOff).await;
    redis.start_again().await;
    node.hears(&Heard::Listening).await;

    let error =
        RedisAdapter::sentinel("redis://:secret@another", [&*sentinel.url()]).await.expect_err("no such master");
    assert!(error.to_string().starts_with("cannot connect to Redis at another, as known to 127.0.0.1:"), "{error}");
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;

    const URL: &str = "PINTLE_TEST_REDIS_TLS_URL";

    /// Which certificates are trusted is the environment's to say, so the test itself is run in a process of its own.
    #[tokio::test]
    async fn a_certificate_that_is_trusted() {
        let Some(redis) = Redis::start().await else { return };
        let run = |program: &str, arguments: &[&str]| {
            let mut command = std::process::Command::new(program);
            command.current_dir(redis.folder()).args(arguments);
            command
        };
        let request = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
        let made = run("openssl", &request.split_whitespace().collect::<Vec<_>>()).output().expect("openssl is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let port = port.to_string();
        let files = ["tls-cert-file", "cert.pem", "tls-key-file", "key.pem", "tls-ca-cert-file", "cert.pem"];
        let set = [&["config", "set"], &files[..], &["tls-auth-clients", "no", "tls-port", &port]].concat();
        assert_eq!(redis.cli(&set).await, "OK");

        let this = std::env::current_exe().expect("a program");
        let inner = ["--ignored", "--exact", "ways::tls::inner"];
        let mut inner = run(this.to_str().expect("a path of text"), &inner);
        inner.env(URL, format!("rediss://localhost:{port}"));
        let trusted = tokio::task::spawn_blocking(move || {
            let untrusted = inner.output().expect("this test again");
            (untrusted, inner.env("SSL_CERT_FILE", "cert.pem").output().expect("this test again"))
        });
        let (untrusted, trusted) = trusted.await.expect("no panic");
        assert!(!untrusted.status.success(), "nobody trusts it yet");
        assert!(trusted.status.success(), "{}", String::from_utf8_lossy(&trusted.stdout));
    }

    #[tokio::test]
    #[ignore = "the test before this runs it"]
    async fn inner() {
        let url = std::env::var(URL).expect("a URL from the test that runs this");
        works(&RedisAdapter::connect(&url).await.expect("a server that is trusted")).await;
    }
}
