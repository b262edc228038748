//! The arguments of an event.

use pintle_proto::Args;
use serde::de::DeserializeOwned;

use super::{EventParts, FromEvent};
use crate::error::ClientError;

/// The arguments of an event, read into `T`: a tuple takes several, anything else the first.
///
/// [`bytes::Bytes`] anywhere in `T` takes a binary attachment. An [`Option`] at the end takes what may be missing.
///
/// ```
/// use bytes::Bytes;
/// use pintle::Data;
///
/// async fn said(Data(text): Data<String>) {}
/// async fn moved(Data((x, y)): Data<(f64, f64)>) {}
/// async fn picture(Data((name, image)): Data<(String, Bytes)>) {}
/// # let _ = (said, moved, picture);
/// ```
///
/// # Rejections
///
/// What the client sent is of another type: it is acknowledged with an error, and the handler is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromEvent<S> for Data<T> {
    type Rejection = ClientError;

    async fn from_event(_: &mut EventParts, args: Args, _: &S) -> Result<Self, ClientError> {
        Ok(Self(args.deserialize()?))
    }
}

/// All arguments as they came, to be sent on as they are or read later.
impl<S: Sync> FromEvent<S> for Args {
    type Rejection = ClientError;

    async fn from_event(_: &mut EventParts, args: Args, _: &S) -> Result<Self, ClientError> {
        args.validate()?;
        Ok(args)
    }
}
