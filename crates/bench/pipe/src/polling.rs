//! A client on long-polling.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::Client;

/// A client on long-polling, with a connection for its GETs and another for its POSTs.
#[derive(Debug)]
pub struct PollingClient<T> {
    gets: Client<T>,
    posts: Client<T>,
    get: Vec<u8>,
    path: String,
}

/// A message that is said again and again, what must come of it, and room to receive that.
#[derive(Debug)]
pub struct Echo {
    post: Vec<u8>,
    done: Reply,
    answer: Reply,
}

/// The response that ends with this body. All of one body are equally long: only their dates differ.
#[derive(Debug)]
struct Reply {
    body: &'static str,
    received: Vec<u8>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> PollingClient<T> {
    /// Opens a session and joins `/`.
    pub async fn connect(mut gets: Client<T>, posts: Client<T>) -> Self {
        let path = "/socket.io/?EIO=4&transport=polling";
        gets.send(&get(path)).await;
        let open = gets.response("}").await;
        let (_, sid) = open.split_once(r#""sid":""#).expect("a session opens with its id");
        let path = format!("{path}&sid={}", &sid[..20]);
        let mut client = Self { gets, posts, get: get(&path), path };
        client.posts.send(&post(&client.path, "40")).await;
        client.posts.response("ok").await;
        client.gets.send(&client.get).await;
        client.gets.response("}").await;
        client
    }

    /// Says `packet` once, to see how long the response with `answer` is.
    pub async fn rehearse(&mut self, packet: &str, answer: &'static str) -> Echo {
        let post = post(&self.path, packet);
        self.gets.send(&self.get).await;
        self.posts.send(&post).await;
        let done = self.posts.response("ok").await;
        let answered = self.gets.response(answer).await;
        Echo { post, done: Reply::like("ok", &done), answer: Reply::like(answer, &answered) }
    }

    /// A round trip: a GET that waits, a POST, and the answers to both.
    pub async fn exchange(&mut self, echo: &mut Echo) {
        self.gets.send(&self.get).await;
        self.posts.send(&echo.post).await;
        echo.done.receive(&mut self.posts).await;
        echo.answer.receive(&mut self.gets).await;
    }
}

impl Reply {
    fn like(body: &'static str, response: &str) -> Self {
        Self { body, received: vec![0; response.len()] }
    }

    async fn receive<T: AsyncRead + AsyncWrite + Unpin>(&mut self, client: &mut Client<T>) {
        client.fill(&mut self.received).await;
        assert!(self.received.ends_with(self.body.as_bytes()), "{}", String::from_utf8_lossy(&self.received));
    }
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

fn post(path: &str, packet: &str) -> Vec<u8> {
    let length = packet.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n");
    format!("{head}Content-Length: {length}\r\n\r\n{packet}").into_bytes()
}
