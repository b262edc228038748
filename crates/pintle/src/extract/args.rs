//! The arguments of an event.

use pintle_proto::Args;
use serde::de::DeserializeOwned;

use super::{EventParts, FromEvent};
use crate::error::ClientError;

/// The arguments of an event, read into `T`: a tuple takes several, anything else the first. As a handler's argument it is
/// the last one.
///
/// An array `[T; N]` is a tuple to serde, and takes several, too; a [`Vec`] takes one argument that is an array. Arguments
/// too many are ignored. All of them, however many there are, is what [`Args`] has.
///
/// [`bytes::Bytes`] anywhere in `T` takes a binary attachment (or a string's bytes, as serde has it). An [`Option`] at the end
/// of a tuple takes what may be missing, and so does `Option<Data<T>>` for all of it.
///
/// ```
/// use bytes::Bytes;
/// use pintle::Data;
///
/// async fn said(Data(text): Data<String>) {}
/// async fn moved(Data((x, y)): Data<(f64, f64)>) {}
/// async fn picture(Data((name, image)): Data<(String, Bytes)>) {}
/// # let _ = pintle::SocketIoLayer::<()>::new().on("said", said).on("moved", moved).on("picture", picture);
/// ```
///
/// # Rejections
///
/// What the client sent is of another type: it is acknowledged with `unexpected arguments`, and the handler is not called.
/// [`on_error`](crate::Namespace::on_error) is told what was unexpected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromEvent<S> for Data<T> {
    type Rejection = ClientError;

    async fn from_event(_: &mut EventParts, args: Args, _: &S) -> Result<Self, ClientError> {
        Ok(Self(args.deserialize()?))
    }
}

/// All arguments as they came, to be sent on as they are or read later. Node's `...args`.
///
/// Given to an `emit` they are the same arguments again, and `serde_json::to_value(&args)` is an array of them.
impl<S: Sync> FromEvent<S> for Args {
    type Rejection = ClientError;

    async fn from_event(_: &mut EventParts, args: Args, _: &S) -> Result<Self, ClientError> {
        Ok(args.validated()?)
    }
}
