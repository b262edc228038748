//! The future of a response.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;
use tokio::sync::oneshot;

use crate::body::ResponseBody;
use crate::response::{self, Reply};
use crate::session::Answer;

pin_project! {
    /// The response of an [`EngineService`](crate::EngineService): the engine's own, or that of the service inside.
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F> {
        Engine { serving: Serving },
        Inner { #[pin] future: F },
    }
}

/// The engine's own answer, to come. Only what does more than to wait for it is a future of its own.
pub(crate) enum Serving {
    /// It is known already.
    Done(Ready<Reply>),
    /// The session's task will give it.
    Asked(oneshot::Receiver<Answer>),
    /// There is more to do: a body is to be read, or a session to be opened.
    AtWork(Pin<Box<dyn Future<Output = Reply> + Send>>),
}

impl Serving {
    pub(crate) fn done(reply: Reply) -> Self {
        Self::Done(ready(reply))
    }

    pub(crate) fn at_work(work: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::AtWork(Box::pin(work))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Reply> {
        match self {
            Self::Done(reply) => Pin::new(reply).poll(cx),
            Self::Asked(answer) => Pin::new(answer).poll(cx).map(|answer| response::answer(answer.ok())),
            Self::AtWork(work) => work.as_mut().poll(cx),
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn engine(serving: Serving) -> Self {
        Self { kind: Kind::Engine { serving } }
    }

    pub(crate) const fn inner(future: F) -> Self {
        Self { kind: Kind::Inner { future } }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().kind.project() {
            KindProjection::Engine { serving } => Ok(ready!(serving.poll(cx)).map(ResponseBody::engine)),
            KindProjection::Inner { future } => {
                ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner))
            }
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
