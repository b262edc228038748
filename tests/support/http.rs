//! HTTP/1.1 by hand: the bytes of a request as the test wants them, the response as the server wrote it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::time::within;

/// A request to be written; `Host` and `Content-Length` are added unless the test set them.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers or body. `target` is written as it is.
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.to_owned(), target: target.into(), headers: Vec::new(), body: None }
    }

    /// A GET.
    pub fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    /// A POST with the content type that browsers' clients send.
    pub fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let mut request = Self::new("POST", target).header("content-type", "text/plain;charset=UTF-8");
        request.body = Some(body.into());
        request
    }

    /// Sets the method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// Sets a header, in place of one with the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// Whether it has a header.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(present, _)| present.eq_ignore_ascii_case(name))
    }

    /// The request line and the headers, for a server at `address`.
    pub(crate) fn head(&self, address: SocketAddr) -> String {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("host") {
            head += &format!("host: {address}\r\n");
        }
        if let Some(body) = &self.body
            && !self.has("content-length")
            && !self.has("transfer-encoding")
        {
            head += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head + "\r\n"
    }

    /// All bytes of it, for a server at `address`.
    pub fn encode(&self, address: SocketAddr) -> Vec<u8> {
        let mut bytes = self.head(address).into_bytes();
        bytes.extend(self.body.iter().flatten());
        bytes
    }

    /// Sends it over a connection of its own and reads the response.
    pub async fn send(&self, address: SocketAddr) -> Response {
        let mut connection = HttpConnection::open(address).await;
        connection.request(self).await;
        connection.response().await
    }
}

/// A response, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers in the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, with any chunked framing removed.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    fn length(&self) -> Option<usize> {
        self.header("content-length").map(|length| length.parse().expect("content-length is a number"))
    }
}

/// One TCP connection to an HTTP server, for any number of requests in turn.
#[derive(Debug)]
pub struct HttpConnection {
    address: SocketAddr,
    stream: TcpStream,
    unread: Vec<u8>,
}

impl HttpConnection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = within("a TCP connection", TcpStream::connect(address)).await.expect("the server accepts");
        // A test that writes a frame in two pieces means two pieces.
        stream.set_nodelay(true).expect("the socket is open");
        Self { address, stream, unread: Vec::new() }
    }

    /// Writes bytes as they are.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("the server to take bytes", self.stream.write_all(bytes.as_ref()))
            .await
            .expect("the connection is open");
    }

    /// Writes bytes as they are, to a server that may already have closed.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        within("the server to take bytes", self.stream.write_all(bytes.as_ref())).await
    }

    /// Writes a request; the server may refuse it before it has read all.
    pub async fn request(&mut self, request: &Request) {
        self.send(request.head(self.address)).await;
        if let Some(body) = &request.body {
            // A server may answer, and stop reading, before it has seen all of a body that it refuses.
            let _ = self.try_send(body).await;
        }
    }

    /// Reads one response.
    ///
    /// # Panics
    ///
    /// When the connection ends first.
    pub async fn response(&mut self) -> Response {
        self.response_or_end().await.expect("a response before the connection ends")
    }

    /// Reads one response, or `None` when the connection ends before it is whole.
    pub async fn response_or_end(&mut self) -> Option<Response> {
        within("a response", self.read_response()).await
    }

    async fn read_response(&mut self) -> Option<Response> {
        let head_end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.fill().await?;
        };
        let head: Vec<u8> = self.unread.drain(..head_end + 4).collect();
        let mut response = parse_head(std::str::from_utf8(&head).expect("a head of ASCII"));
        let chunked = response.header("transfer-encoding") == Some("chunked");
        response.body = match response.length() {
            // These have no body, whatever their headers say.
            _ if matches!(response.status, 101 | 204 | 304) => Vec::new(),
            _ if chunked => self.read_chunks().await?,
            Some(length) => self.take(length).await?,
            None => {
                while self.fill().await.is_some() {}
                std::mem::take(&mut self.unread)
            }
        };
        Some(response)
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                if let Some(at) = self.unread.windows(2).position(|two| two == b"\r\n") {
                    break at;
                }
                self.fill().await?;
            };
            let line = self.take(line_end + 2).await?;
            let size = std::str::from_utf8(&line).expect("a chunk's size").trim();
            let size = usize::from_str_radix(size, 16).expect("a chunk's size");
            let chunk = self.take(size + 2).await?;
            if size == 0 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    /// Exactly `length` bytes, or `None` when the connection ends first.
    pub(crate) async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            self.fill().await?;
        }
        Some(self.unread.drain(..length).collect())
    }

    /// Reads what there is; `None` at the end, which may come as a reset.
    async fn fill(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.unread).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }

    /// What the server still says until it closes the connection, as it is.
    pub async fn rest(mut self) -> Vec<u8> {
        within("the server to close the connection", async { while self.fill().await.is_some() {} }).await;
        self.unread
    }

    /// Waits until the server has closed the connection; what it still says is dropped.
    pub async fn ended(&mut self) {
        within("the server to close the connection", async {
            while self.fill().await.is_some() {
                self.unread.clear();
            }
        })
        .await;
    }

    /// Whether the server says nothing and keeps the connection open for `time`. To show that something does not happen.
    pub async fn stays_silent(&mut self, time: Duration) -> bool {
        self.unread.is_empty() && tokio::time::timeout(time, self.fill()).await.is_err()
    }

    /// Says that nothing more will be sent, and reads on.
    pub async fn half_close(&mut self) {
        within("the server to take the end", self.stream.shutdown()).await.expect("the connection is open");
    }

    /// Ends the connection with a reset, as a client does that dies.
    pub fn abort(self) {
        self.stream.set_zero_linger().expect("the socket is open");
    }
}

fn parse_head(head: &str) -> Response {
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).expect("a status line");
    let headers = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        })
        .collect();
    Response { status, headers, body: Vec::new() }
}
