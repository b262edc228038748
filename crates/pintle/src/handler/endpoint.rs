//! A handler without its types: with its state, callable.

use std::marker::PhantomData;
use std::sync::Arc;

use pintle_proto::Args;

use super::table::Running;
use crate::extract::EventParts;

/// A handler that has its state, whatever its types were.
pub(crate) trait Endpoint: Send + Sync {
    fn call(self: Arc<Self>, parts: EventParts, args: Args) -> Running;
}

/// A handler that waits for its state, or has it.
///
/// Handlers are registered before [`with_state`](crate::SocketIoLayer::with_state) tells what the state is.
pub(crate) enum Binding<S> {
    Waiting(Box<dyn Bind<S>>),
    Bound(Arc<dyn Endpoint>),
}

/// A handler that waits for its state.
pub(crate) trait Bind<S>: Send + Sync {
    fn bind(&self, state: &S) -> Arc<dyn Endpoint>;
}

impl<S> Binding<S> {
    /// Makes an endpoint of a handler and of the way to call it.
    pub(crate) fn new<H, K>(handler: H) -> Self
    where
        H: Clone + Send + Sync + 'static,
        K: Call<H, S>,
        S: Clone + Send + Sync + 'static,
    {
        Self::Waiting(Box::new(Unbound::<H, K> { handler, kind: PhantomData }))
    }

    pub(crate) fn bind(&self, state: &S) -> Arc<dyn Endpoint> {
        match self {
            Self::Waiting(waiting) => waiting.bind(state),
            Self::Bound(bound) => bound.clone(),
        }
    }
}

/// The way to call a handler of one kind.
pub(crate) trait Call<H, S>: Send + Sync + 'static {
    /// Calls it. Nothing of the user's may run before the future is polled: that is where a panic is caught.
    fn call(bound: Arc<Bound<H, S, Self>>, parts: EventParts, args: Args) -> Running;
}

struct Unbound<H, K> {
    handler: H,
    kind: PhantomData<fn() -> K>,
}

/// A handler with its state.
pub(crate) struct Bound<H, S, K: ?Sized> {
    pub(crate) handler: H,
    pub(crate) state: S,
    kind: PhantomData<fn() -> K>,
}

impl<H, S, K> Bind<S> for Unbound<H, K>
where
    H: Clone + Send + Sync + 'static,
    K: Call<H, S>,
    S: Clone + Send + Sync + 'static,
{
    fn bind(&self, state: &S) -> Arc<dyn Endpoint> {
        Arc::new(Bound::<H, S, K> { handler: self.handler.clone(), state: state.clone(), kind: PhantomData })
    }
}

impl<H, S, K> Endpoint for Bound<H, S, K>
where
    H: Clone + Send + Sync + 'static,
    K: Call<H, S>,
    S: Send + Sync + 'static,
{
    fn call(self: Arc<Self>, parts: EventParts, args: Args) -> Running {
        K::call(self, parts, args)
    }
}
