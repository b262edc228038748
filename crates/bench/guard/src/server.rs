//! From a client's frame to the frames that come of it: a whole server in this thread, and clients that cost little.

use std::time::Duration;

use bench_pipe::{Client, Expected, PollingClient, Server, frame};
use pintle::SocketIoLayer;
use tokio::io::{AsyncRead, AsyncWrite};

/// Frames that a client sends with one write.
const BATCH: usize = 4;
/// There are no heartbeats: they come by the clock, and not by the instructions.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// `message` with a string of `length` bytes, which comes back.
pub(crate) fn echo(length: usize, units: usize) {
    run(async |server| converse(server.dial(), &Exchange::echo(length), units).await);
}

/// The same over a TCP connection, which the server knows how to take out of its wrapping.
pub(crate) fn echo_over_tcp(length: usize, units: usize) {
    run(async |server| converse(server.dial_tcp().await, &Exchange::echo(length), units).await);
}

/// `message` with an attachment of `length` bytes, which comes back.
pub(crate) fn echo_binary(length: usize, units: usize) {
    run(async |server| converse(server.dial(), &Exchange::echo_binary(length), units).await);
}

/// `message-with-ack` with a string of `length` bytes, which comes back as the acknowledgement.
pub(crate) fn acknowledge(length: usize, units: usize) {
    run(async |server| converse(server.dial(), &Exchange::acknowledgement(length), units).await);
}

/// `broadcast` with a string of `length` bytes, which everybody gets; one at a time. A unit is a delivery.
pub(crate) fn broadcast(receivers: usize, length: usize, units: usize) {
    let Exchange { message, answer } = Exchange::broadcast(length);
    let mut delivery = Expected::new(answer);
    run(async |server| {
        let mut clients = Vec::new();
        for _ in 0..receivers {
            let mut client = server.dial();
            client.connect().await;
            clients.push(client);
        }
        for _ in 0..units / receivers {
            clients[0].send(&message).await;
            for client in &mut clients {
                client.expect(&mut delivery).await;
            }
        }
    });
}

/// `message` with a string of 16 bytes over long-polling, which comes back: a POST, and a GET that waits.
pub(crate) fn echo_over_polling(units: usize) {
    run(async |server| {
        let mut client = PollingClient::connect(server.dial(), server.dial()).await;
        let message = r#"42["message","xxxxxxxxxxxxxxxx"]"#;
        let mut echo = client.rehearse(message, r#"42["message-back","xxxxxxxxxxxxxxxx"]"#).await;
        for _ in 0..units {
            client.exchange(&mut echo).await;
        }
    });
}

/// What a client sends, and what it gets for it.
struct Exchange {
    message: Vec<u8>,
    answer: Vec<u8>,
}

impl Exchange {
    fn echo(length: usize) -> Self {
        let data = "x".repeat(length);
        Self {
            message: frame::text(&format!(r#"42["message","{data}"]"#)),
            answer: frame::answer(&format!(r#"42["message-back","{data}"]"#)),
        }
    }

    fn echo_binary(length: usize) -> Self {
        let data = vec![1; length];
        let message = frame::text(r#"451-["message",{"_placeholder":true,"num":0}]"#);
        let answer = frame::answer(r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
        Self {
            message: [message, frame::binary(&data)].concat(),
            answer: [answer, frame::binary_answer(&data)].concat(),
        }
    }

    fn acknowledgement(length: usize) -> Self {
        let data = "x".repeat(length);
        Self {
            message: frame::text(&format!(r#"421["message-with-ack","{data}"]"#)),
            answer: frame::answer(&format!(r#"431["{data}"]"#)),
        }
    }

    fn broadcast(length: usize) -> Self {
        let data = "x".repeat(length);
        Self {
            message: frame::text(&format!(r#"42["broadcast","{data}"]"#)),
            answer: frame::answer(&format!(r#"42["broadcast","{data}"]"#)),
        }
    }
}

async fn converse<T: AsyncRead + AsyncWrite + Unpin>(mut client: Client<T>, exchange: &Exchange, units: usize) {
    client.connect().await;
    let messages = exchange.message.repeat(BATCH);
    let mut answers = Expected::new(exchange.answer.repeat(BATCH));
    for _ in 0..units / BATCH {
        client.send(&messages).await;
        client.expect(&mut answers).await;
    }
}

fn run(work: impl AsyncFnOnce(Server)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
    runtime.block_on(work(Server::new(SocketIoLayer::new().ping_interval(NEVER))));
}
