//! The tower service.

use std::fmt;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::engine::Engine;
use crate::future::ResponseFuture;
use crate::protocol::Protocol;

/// A service that answers what comes to an [`Engine`]'s path, and leaves the rest to the service inside.
pub struct EngineService<S, P> {
    inner: S,
    engine: Engine<P>,
}

impl<S, P> EngineService<S, P> {
    /// Puts `engine` in front of `inner`.
    pub const fn new(inner: S, engine: Engine<P>) -> Self {
        Self { inner, engine }
    }
}

impl<S, P, ReqBody, ResBody> Service<Request<ReqBody>> for EngineService<S, P>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    P: Protocol,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        if self.engine.matches(request.uri().path()) {
            ResponseFuture::engine(self.engine.serve(request))
        } else {
            ResponseFuture::inner(self.inner.call(request))
        }
    }
}

impl<S: Clone, P> Clone for EngineService<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), engine: self.engine.clone() }
    }
}

impl<S: fmt::Debug, P> fmt::Debug for EngineService<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineService").field("inner", &self.inner).field("engine", &self.engine).finish()
    }
}
