//! An event that lacks its end.

use std::fmt;

use serde::Serialize;

use crate::encode::Body;
use crate::encoded::{EVENT, Encoded};
use crate::error::EncodeError;

/// An event that is written but for its end; made by [`Encoded::draft`].
///
/// Where a namespace keeps what it sends, for clients that come back, each event says at its end where in the log it is.
/// That is known only under the lock of the log; the rest is written before.
#[must_use = "it is not a packet yet"]
pub struct Draft(Body);

impl Draft {
    pub(crate) fn new<T: Serialize + ?Sized>(namespace: &str, event: &str, data: &T) -> Result<Self, EncodeError> {
        let mut body = Body::new(namespace, event.len());
        body.event(None, event, data)?;
        Ok(Self(body))
    }

    /// The event; an `offset` is one more argument, a string, after all others. That is where official clients look
    /// for it, and their listeners get it as well.
    pub fn finish(self, offset: Option<&str>) -> Encoded {
        let Self(mut body) = self;
        if let Some(offset) = offset {
            body.argument(offset).expect("a string is JSON");
        }
        body.push_str("]");
        Encoded::from_body(body, EVENT)
    }
}

/// What is sent may be long and secret.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use pintle_engine::Frame;

    use super::*;

    fn finished<T: Serialize + ?Sized>(data: &T, offset: Option<&str>) -> Vec<Vec<u8>> {
        let encoded = Encoded::draft("/", "e", data).unwrap().finish(offset);
        encoded.frames().iter().map(|frame| frame.body().to_vec()).collect()
    }

    #[test]
    fn an_offset_is_the_last_argument() {
        assert_eq!(finished(&(), Some("1z")), [br#"42["e","1z"]"#]);
        assert_eq!(finished(&(1, [2]), Some("1z")), [br#"42["e",1,[2],"1z"]"#]);
        assert_eq!(finished("a", Some("\"\n")), [br#"42["e","a","\"\n"]"#]);
        let attached = finished(&("a", Bytes::from_static(b"\x01")), Some("1z"));
        assert_eq!(attached, [&br#"451-["e","a",{"_placeholder":true,"num":0},"1z"]"#[..], b"\x01"]);
        let named = Encoded::draft("/admin", "e", &1).unwrap().finish(Some("1z"));
        assert_eq!(named.frames(), [Frame::text(r#"2/admin,["e",1,"1z"]"#)]);
    }

    #[test]
    fn without_an_offset_it_is_the_plain_event() {
        let data = ("a", Bytes::from_static(b"\x01"), [1.5]);
        let draft = Encoded::draft("/admin", "e", &data).unwrap();
        assert_eq!(draft.finish(None).frames(), Encoded::event("/admin", None, "e", &data).unwrap().frames());
    }

    #[test]
    fn errors_come_with_the_draft() {
        assert!(Encoded::draft("/", "connect", &1).unwrap_err().is_reserved_event());
        assert!(
            Encoded::draft("/", "e", &[((1, 2), 3)].into_iter().collect::<std::collections::BTreeMap<_, _>>()).is_err()
        );
    }
}
