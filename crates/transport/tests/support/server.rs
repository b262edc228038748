//! The engine on streams of the test's own, and a book of what becomes of its sessions.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle_transport::{
    Admission, CloseReason, Config, Connection, EngineHandle, EngineLayer, Limits, Message, Protocol, SessionHandle,
};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer as _, service_fn};

/// A server at `/engine.io`, on each of whose sessions a `C` runs.
pub(crate) struct Server<C: Connection> {
    layer: EngineLayer<Watching<C>>,
    book: Arc<Mutex<Book>>,
}

/// What became of the sessions.
#[derive(Default)]
struct Book {
    last: Option<SessionHandle>,
    reasons: Vec<CloseReason>,
    alive: usize,
    opened: usize,
}

impl<C: Connection> Server<C> {
    /// A server with the default limits, on whose sessions runs what `connect` makes.
    pub(crate) fn new(connect: impl Fn(SessionHandle) -> C + Send + Sync + 'static) -> Self {
        Self::with_limits(connect, |_| {})
    }

    /// A server with limits that `set` may change.
    pub(crate) fn with_limits(
        connect: impl Fn(SessionHandle) -> C + Send + Sync + 'static,
        set: impl FnOnce(&mut Limits),
    ) -> Self {
        Self::with_config(connect, |_| None, |config| set(&mut config.limits))
    }

    /// A server that has what `admit` says decide who may come.
    pub(crate) fn with_admission(
        connect: impl Fn(SessionHandle) -> C + Send + Sync + 'static,
        admit: impl Fn(&Parts) -> Option<Admission> + Send + Sync + 'static,
    ) -> Self {
        Self::with_config(connect, admit, |_| {})
    }

    /// A server that `set` may set up otherwise.
    pub(crate) fn with_config(
        connect: impl Fn(SessionHandle) -> C + Send + Sync + 'static,
        admit: impl Fn(&Parts) -> Option<Admission> + Send + Sync + 'static,
        set: impl FnOnce(&mut Config),
    ) -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let mut config = Config::new("/engine.io");
        set(&mut config);
        let protocol = Watching { connect: Box::new(connect), admit: Box::new(admit), book: book.clone() };
        Self { layer: EngineLayer::new(config, protocol), book }
    }

    /// The layer, for those who need no network.
    pub(crate) const fn layer(&self) -> &EngineLayer<Watching<C>> {
        &self.layer
    }

    /// The handle to the server.
    pub(crate) fn handle(&self) -> EngineHandle {
        self.layer.engine().handle().clone()
    }

    /// Speaks HTTP on `io`.
    pub(crate) fn serve<T>(&self, io: T)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let app = service_fn(async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let service = TowerToHyperService::new(self.layer.layer(app));
        tokio::spawn(async move {
            // A client that breaks off is what many a test is about.
            let _ = Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(TokioIo::new(io), service).await;
        });
    }

    /// A pipe to the server that holds up to `buffer` bytes each way.
    pub(crate) fn dial(&self, buffer: usize) -> DuplexStream {
        let (here, there) = tokio::io::duplex(buffer);
        self.serve(there);
        here
    }

    /// A TCP connection to the server.
    pub(crate) async fn dial_tcp(&self) -> TcpStream {
        let (here, there) = tcp().await;
        self.serve(there);
        here
    }

    /// The session that was opened last.
    pub(crate) fn last(&self) -> SessionHandle {
        self.book.lock().unwrap().last.clone().expect("a session has been opened")
    }

    /// Why sessions ended, in the order in which they did.
    pub(crate) fn reasons(&self) -> Vec<CloseReason> {
        self.book.lock().unwrap().reasons.clone()
    }

    /// Forgets them.
    pub(crate) fn forget_reasons(&self) {
        self.book.lock().unwrap().reasons.clear();
    }

    /// Sessions that can be found by their id.
    pub(crate) fn sessions(&self) -> usize {
        self.handle().session_count()
    }

    /// Sessions that were ever opened.
    pub(crate) fn opened(&self) -> usize {
        self.book.lock().unwrap().opened
    }

    /// Sessions whose task has not ended.
    pub(crate) fn tasks(&self) -> usize {
        self.book.lock().unwrap().alive
    }
}

/// Both ends of a TCP connection: ours first.
pub(crate) async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (here, listener.accept().await.unwrap().0)
}

type Admit = dyn Fn(&Parts) -> Option<Admission> + Send + Sync;

/// Makes connections, and keeps the book.
pub(crate) struct Watching<C> {
    connect: Box<dyn Fn(SessionHandle) -> C + Send + Sync>,
    admit: Box<Admit>,
    book: Arc<Mutex<Book>>,
}

/// A connection with an eye on it. It lives as long as its session's task.
pub(crate) struct Watched<C> {
    inner: C,
    book: Arc<Mutex<Book>>,
}

impl<C: Connection> Protocol for Watching<C> {
    type Connection = Watched<C>;

    fn admit(&self, request: &Parts) -> Option<Admission> {
        (self.admit)(request)
    }

    /// What the request says of it: there is no network that would.
    fn address(&self, request: &Parts) -> Option<IpAddr> {
        request.headers.get("x-test-address")?.to_str().ok()?.parse().ok()
    }

    fn connect(&self, session: SessionHandle, _: Instant) -> Watched<C> {
        let inner = (self.connect)(session.clone());
        let mut book = self.book.lock().unwrap();
        book.last = Some(session);
        book.alive += 1;
        book.opened += 1;
        Watched { inner, book: self.book.clone() }
    }
}

impl<C: Connection> Connection for Watched<C> {
    fn handle_message(&mut self, cx: &mut Context<'_>, now: Instant, message: Message<'_>) {
        self.inner.handle_message(cx, now, message);
    }

    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) {
        self.inner.poll(cx, now);
    }

    fn is_ready(&self) -> bool {
        self.inner.is_ready()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.inner.poll_timeout()
    }

    fn handle_timeout(&mut self, cx: &mut Context<'_>, now: Instant) {
        self.inner.handle_timeout(cx, now);
    }

    fn handle_close(&mut self, cx: &mut Context<'_>, now: Instant, reason: CloseReason) {
        self.book.lock().unwrap().reasons.push(reason);
        self.inner.handle_close(cx, now, reason);
    }

    fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<C> Drop for Watched<C> {
    fn drop(&mut self) {
        self.book.lock().unwrap().alive -= 1;
    }
}
