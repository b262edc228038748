//! The service that the layer makes.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use pintle_transport::{Engine, EngineService, ResponseBody, ResponseFuture};
use tower_service::Service;

use crate::client::Wire;
use crate::io::SocketIo;

/// What [`SocketIoLayer`](crate::SocketIoLayer) makes of a service: Socket.IO at its path, the service everywhere else.
#[derive(Clone)]
pub struct SocketIoService<I>(EngineService<Provide<I>, Wire>);

impl<I> SocketIoService<I> {
    pub(crate) const fn new(inner: I, engine: Engine<Wire>, io: SocketIo) -> Self {
        Self(EngineService::new(Provide { inner, io }, engine))
    }
}

impl<I, ReqBody, ResBody> Service<Request<ReqBody>> for SocketIoService<I>
where
    I: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = I::Error;
    type Future = ResponseFuture<I::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        self.0.call(request)
    }
}

impl<I> fmt::Debug for SocketIoService<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoService").finish_non_exhaustive()
    }
}

/// Gives the requests of the app's own routes the handle that [`SocketIo`] is extracted from.
#[derive(Clone)]
struct Provide<I> {
    inner: I,
    io: SocketIo,
}

impl<I, B> Service<Request<B>> for Provide<I>
where
    I: Service<Request<B>>,
{
    type Response = I::Response;
    type Error = I::Error;
    type Future = I::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> I::Future {
        request.extensions_mut().insert(self.io.clone());
        self.inner.call(request)
    }
}

/// The service inside of a server that stands alone: 404 for everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotFound(());

impl<B> Service<Request<B>> for NotFound {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        ready(Ok(response))
    }
}
