//! Markers that keep extractors apart for the compiler. Nobody ever has to name one.

use std::marker::PhantomData;

/// Marks what every handler can extract: our own extractors and those of users.
#[derive(Debug)]
pub enum ViaEvent {}

/// Marks axum's extractors.
#[derive(Debug)]
pub enum ViaRequest {}

/// Marks what leaves the arguments of an event alone.
#[derive(Debug)]
pub struct ViaParts<M>(PhantomData<M>);

/// Marks what only an event has: its name, and the right to acknowledge it.
#[derive(Debug)]
pub enum ViaEventOnly {}

/// Marks what only a disconnection has: its reason.
#[derive(Debug)]
pub enum ViaDisconnectOnly {}

/// Marks what only an error handler has: the error.
#[derive(Debug)]
pub enum ViaErrorOnly {}

/// Handlers of events.
#[derive(Debug)]
pub enum InEvent {}

/// Handlers of connections.
#[derive(Debug)]
pub enum InConnect {}

/// Handlers of disconnections.
#[derive(Debug)]
pub enum InDisconnect {}

/// Handlers of errors.
#[derive(Debug)]
pub enum InError {}

/// Middleware, and predicates of dynamic namespaces.
#[derive(Debug)]
pub enum InMiddleware {}

/// Says in which handlers the extractors of a marker are of use.
#[diagnostic::on_unimplemented(
    message = "this extractor is not there in such a handler",
    note = "`Event` and `AckSender` are there in event handlers, `DisconnectReason` in disconnect handlers, and \
            `HandlerError` in error handlers"
)]
pub trait UsableIn<K> {}

impl<K> UsableIn<K> for ViaEvent {}
impl<K> UsableIn<K> for ViaRequest {}
impl UsableIn<InEvent> for ViaEventOnly {}
impl UsableIn<InDisconnect> for ViaDisconnectOnly {}
impl UsableIn<InError> for ViaErrorOnly {}
