//! A packet in wire form.

use std::{iter, slice};

use pintle_engine::Frame;
use serde::Serialize;
use smallvec::SmallVec;

use crate::args::Args;
use crate::config::Config;
use crate::draft::Draft;
use crate::encode::Body;
use crate::error::EncodeError;
use crate::packet::{Kind, Packet};

/// A packet in wire form: one text frame and its attachments, which go out one after another.
///
/// A clone shares the bytes, so that a broadcast is encoded once. Namespaces are written as they are: they start with
/// `/` and hold no comma.
///
/// # Data
///
/// The data of an event or acknowledgement is anything that serde can serialise:
///
/// - a tuple is several arguments, and so is an array `[T; N]`, which is a tuple to serde;
/// - `()` is no argument;
/// - anything else is one argument, slices and `Vec`s too.
///
/// Bytes, which is what [`bytes::Bytes`] and the types of `serde_bytes` serialise as, become attachments wherever they
/// are. Numbers that are not finite become `null`, as in JavaScript. Official clients refuse a packet with more than 10
/// attachments.
#[derive(Clone, Debug)]
pub struct Encoded(SmallVec<[Frame; 1]>);

impl Encoded {
    /// An event; with an `id`, its receiver is asked for an acknowledgement.
    ///
    /// # Errors
    ///
    /// If Socket.IO keeps the event's name for itself, or `data` cannot be written as JSON.
    pub fn event<T: Serialize + ?Sized>(
        namespace: &str,
        id: Option<u64>,
        event: &str,
        data: &T,
    ) -> Result<Self, EncodeError> {
        // Not by way of a draft: to hand that around is a tenth of what a small event costs.
        let mut body = Body::new(namespace, event.len());
        body.event(id, event, data)?;
        body.push_str("]");
        Ok(Self::from_body(body, EVENT))
    }

    /// An event but for its end, which says where in a namespace's log it is.
    ///
    /// All that takes time or runs code of the user's, which is to serialise `data`, is done here: what a lock must be
    /// taken for is left to [`Draft::finish`].
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn draft<T: Serialize + ?Sized>(namespace: &str, event: &str, data: &T) -> Result<Draft, EncodeError> {
        Draft::new(namespace, event, data)
    }

    /// The acknowledgement of the event that came with `id`.
    ///
    /// # Errors
    ///
    /// If `data` cannot be written as JSON.
    pub fn ack<T: Serialize + ?Sized>(namespace: &str, id: u64, data: &T) -> Result<Self, EncodeError> {
        let mut body = Body::new(namespace, 0);
        body.plain(&id)?;
        body.push_str("[");
        body.arguments(data)?;
        body.push_str("]");
        Ok(Self::from_body(body, ACK))
    }

    /// The answer to a CONNECT that was accepted. With a `pid`, the client may ask for the same socket again by it,
    /// once it has lost its connection.
    pub fn connect(namespace: &str, sid: &str, pid: Option<&str>) -> Self {
        let mut body = Body::new(namespace, sid.len());
        body.push_str("{\"sid\":");
        body.plain(sid).expect("a string is JSON");
        if let Some(pid) = pid {
            body.push_str(",\"pid\":");
            body.plain(pid).expect("a string is JSON");
        }
        body.push_str("}");
        Self::from_body(body, CONNECT)
    }

    /// The answer to a CONNECT that was refused. It is never binary: bytes in `data` become arrays of numbers.
    ///
    /// # Errors
    ///
    /// If `data` cannot be written as JSON.
    pub fn connect_error<T: Serialize + ?Sized>(
        namespace: &str,
        message: &str,
        data: Option<&T>,
    ) -> Result<Self, EncodeError> {
        let mut body = Body::new(namespace, message.len());
        body.push_str("{\"message\":");
        body.plain(message)?;
        if let Some(data) = data {
            body.push_str(",\"data\":");
            body.plain(data)?;
        }
        body.push_str("}");
        Ok(Self::from_body(body, CONNECT_ERROR))
    }

    /// The end of a namespace, told to the client.
    pub fn disconnect(namespace: &str) -> Self {
        Self::from_body(Body::new(namespace, 0), DISCONNECT)
    }

    /// The text frame, then its attachments in order.
    pub fn frames(&self) -> &[Frame] {
        &self.0
    }

    /// Bytes of all frames on the wire.
    #[expect(clippy::len_without_is_empty, reason = "a packet has a type: it is never empty")]
    pub fn len(&self) -> usize {
        self.frames().iter().map(Frame::len).sum()
    }

    /// Reads an event back: its name and its arguments, attachments included, for those who listen to what goes out.
    ///
    /// `None` for what is no event. So is, as for the client, an event with attachments that nothing can read: its data
    /// holds an object that passes for the placeholder of an attachment that is not there, or is nested more than 128
    /// deep.
    pub fn event_args(&self) -> Option<(String, Args)> {
        // These are limits for what comes in.
        let mut config = Config::default();
        config.set_max_attachments(usize::MAX).set_max_namespace_len(usize::MAX).set_max_event_len(usize::MAX);

        let (text, attachments) = self.frames().split_first()?;
        let text = str::from_utf8(text.body()).ok()?.strip_prefix('4')?;
        let packet = Packet::decode(text, &config).ok().filter(|packet| packet.kind == Kind::Event)?;
        let (name, args) = packet.event(&config).ok()?;
        let args = if attachments.is_empty() {
            Args::from_text(args)
        } else {
            let shared = |frame: &Frame| frame.wire().slice_ref(frame.body());
            Args::from_binary(args, attachments.iter().map(shared).collect()).ok()?
        };
        Some((name.into_owned(), args))
    }

    pub(crate) fn from_body(body: Body, kinds: Kinds) -> Self {
        let (text, mut attachments) = body.finish(kinds.text, kinds.binary);
        if attachments.is_empty() {
            return Self(SmallVec::from_buf([text]));
        }
        attachments.insert(0, text);
        Self(SmallVec::from_vec(attachments))
    }
}

/// The type digit of a packet, and that of the same with attachments.
#[derive(Clone, Copy)]
pub(crate) struct Kinds {
    text: &'static str,
    binary: &'static str,
}

const CONNECT: Kinds = Kinds::text("0");
const DISCONNECT: Kinds = Kinds::text("1");
pub(crate) const EVENT: Kinds = Kinds { text: "2", binary: "5" };
const ACK: Kinds = Kinds { text: "3", binary: "6" };
const CONNECT_ERROR: Kinds = Kinds::text("4");

impl Kinds {
    /// Of packets that never have attachments.
    const fn text(text: &'static str) -> Self {
        Self { text, binary: text }
    }
}

/// The frames of a packet that nobody else wants.
impl IntoIterator for Encoded {
    type Item = Frame;
    type IntoIter = IntoFrames;

    fn into_iter(self) -> IntoFrames {
        IntoFrames(self.0.into_iter())
    }
}

/// The frames of a packet, one after another.
#[derive(Debug)]
pub struct IntoFrames(smallvec::IntoIter<[Frame; 1]>);

impl Iterator for IntoFrames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.0.next()
    }
}

/// The frames of a packet, to be shared.
impl<'a> IntoIterator for &'a Encoded {
    type Item = Frame;
    type IntoIter = iter::Cloned<slice::Iter<'a, Frame>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use serde::Serialize;
    use serde_json::json;
    use serde_json::value::RawValue;

    use super::*;
    use crate::Args;

    fn bodies(encoded: &Encoded) -> Vec<&[u8]> {
        encoded.frames().iter().map(Frame::body).collect()
    }

    /// The text of an event `e` with this data, without the two type digits.
    fn event<T: Serialize + ?Sized>(data: &T) -> String {
        let encoded = Encoded::event("/", None, "e", data).unwrap();
        String::from_utf8(encoded.frames()[0].body()[2..].to_vec()).unwrap()
    }

    #[test]
    fn golden_packets() {
        let cases = [
            (Encoded::connect("/", "abc", None), r#"40{"sid":"abc"}"#),
            (Encoded::connect("/admin", "abc", None), r#"40/admin,{"sid":"abc"}"#),
            (Encoded::connect("/", "abc", Some("def")), r#"40{"sid":"abc","pid":"def"}"#),
            (Encoded::connect("/admin", "abc", Some("def")), r#"40/admin,{"sid":"abc","pid":"def"}"#),
            (Encoded::disconnect("/"), "41"),
            (Encoded::disconnect("/admin"), "41/admin,"),
            (Encoded::event("/", None, "e", &1).unwrap(), r#"42["e",1]"#),
            (Encoded::event("/admin", Some(12), "e", &1).unwrap(), r#"42/admin,12["e",1]"#),
            (Encoded::event("/", Some(0), "a\"\n", "x").unwrap(), r#"420["a\"\n","x"]"#),
            (Encoded::ack("/admin", 13, &()).unwrap(), "43/admin,13[]"),
            (Encoded::ack("/", u64::MAX, &(1, "b")).unwrap(), r#"4318446744073709551615[1,"b"]"#),
            (
                Encoded::connect_error::<()>("/x", "Invalid namespace", None).unwrap(),
                r#"44/x,{"message":"Invalid namespace"}"#,
            ),
            (
                Encoded::connect_error("/", "no", Some(&json!({ "code": 1 }))).unwrap(),
                r#"44{"message":"no","data":{"code":1}}"#,
            ),
            (
                Encoded::connect_error("/", "no", Some(&Bytes::from_static(&[1, 2]))).unwrap(),
                r#"44{"message":"no","data":[1,2]}"#,
            ),
        ];
        for (encoded, text) in cases {
            assert_eq!(bodies(&encoded), [text.as_bytes()]);
            assert_eq!(encoded.len(), encoded.frames()[0].len());
        }
    }

    #[derive(Serialize)]
    struct Point {
        x: u8,
        y: Option<u8>,
    }

    #[derive(Serialize)]
    struct Pair(u8, u8);

    #[derive(Serialize)]
    struct Wrapped((u8, u8));

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    enum Choice {
        None,
        One(u8),
        Two(u8, u8),
        Named { a: u8 },
    }

    #[test]
    fn a_tuple_is_several_arguments_and_unit_is_none() {
        assert_eq!(event(&()), r#"["e"]"#);
        assert_eq!(event(&(1,)), r#"["e",1]"#);
        assert_eq!(event(&(1, "b", [true, false])), r#"["e",1,"b",[true,false]]"#);
        assert_eq!(event(&[1, 2]), r#"["e",1,2]"#);
        assert_eq!(event(&Box::new((1, ()))), r#"["e",1,null]"#);
    }

    #[test]
    fn anything_else_is_one_argument() {
        assert_eq!(event(&vec![1, 2]), r#"["e",[1,2]]"#);
        assert_eq!(event(&[1, 2][..]), r#"["e",[1,2]]"#);
        assert_eq!(event(&Some((1, 2))), r#"["e",[1,2]]"#);
        assert_eq!(event(&None::<u8>), r#"["e",null]"#);
        assert_eq!(event(&Point { x: 1, y: None }), r#"["e",{"x":1,"y":null}]"#);
        assert_eq!(event(&Pair(1, 2)), r#"["e",[1,2]]"#);
        assert_eq!(event(&Wrapped((1, 2))), r#"["e",[1,2]]"#);
        assert_eq!(event(&Unit), r#"["e",null]"#);
        assert_eq!(event(&Choice::None), r#"["e","None"]"#);
        assert_eq!(event(&Choice::One(1)), r#"["e",{"One":1}]"#);
        assert_eq!(event(&Choice::Two(1, 2)), r#"["e",{"Two":[1,2]}]"#);
        assert_eq!(event(&Choice::Named { a: 1 }), r#"["e",{"Named":{"a":1}}]"#);
        assert_eq!(event(&BTreeMap::from([(1, 'c')])), r#"["e",{"1":"c"}]"#);
        assert_eq!(event(&RawValue::from_string("[1.50]".to_owned()).unwrap()), r#"["e",[1.50]]"#);
        assert_eq!(event(&format_args!("{}-{}", 1, 2)), r#"["e","1-2"]"#);
        assert_eq!(event(&u128::MAX), r#"["e",340282366920938463463374607431768211455]"#);
        assert_eq!(event(&'é'), r#"["e","é"]"#);
        assert_eq!(event(&-1.5), r#"["e",-1.5]"#);
        assert_eq!(event(&f64::NAN), r#"["e",null]"#);
        assert_eq!(event(&(f64::NAN, f32::NEG_INFINITY)), r#"["e",null,null]"#);
    }

    #[test]
    fn bytes_become_attachments() {
        let (a, b) = (Bytes::from_static(b"\x01\x02"), Bytes::from_static(b"\x03"));
        let one = Encoded::event("/", None, "e", &a).unwrap();
        assert_eq!(bodies(&one), [&br#"451-["e",{"_placeholder":true,"num":0}]"#[..], b"\x01\x02"]);
        assert!(one.frames()[1].is_binary() && !one.frames()[0].is_binary());
        assert_eq!(one.len(), one.frames().iter().map(Frame::len).sum::<usize>());

        let nested = ("x", BTreeMap::from([("k", vec![Some(b), None])]), a.clone());
        let event = Encoded::event("/admin", Some(7), "e", &nested).unwrap();
        let text = r#"452-/admin,7["e","x",{"k":[{"_placeholder":true,"num":0},null]},{"_placeholder":true,"num":1}]"#;
        assert_eq!(bodies(&event), [text.as_bytes(), b"\x03", b"\x01\x02"]);

        let ack = Encoded::ack("/", 3, &(a,)).unwrap();
        assert_eq!(bodies(&ack), [&br#"461-3[{"_placeholder":true,"num":0}]"#[..], b"\x01\x02"]);

        let many = Encoded::event("/", None, "e", &vec![Bytes::new(); 11]).unwrap();
        assert!(many.frames()[0].body().starts_with(b"4511-[\"e\",["));
        assert_eq!(many.frames().len(), 12);
    }

    #[test]
    fn a_clone_shares_the_bytes() {
        for encoded in [
            Encoded::event("/", None, "e", &1).unwrap(),
            Encoded::event("/", None, "e", &Bytes::from_static(b"1")).unwrap(),
        ] {
            let clone = encoded.clone();
            for (a, b) in encoded.frames().iter().zip(clone.frames()) {
                assert_eq!(a.wire().as_ptr(), b.wire().as_ptr());
            }
        }
    }

    #[test]
    fn an_event_is_read_back() {
        let long = "x".repeat(1000);
        for name in ["e", "", "5", " \"],[\\", "né\u{0}", &long] {
            let event = Encoded::event(&format!("/{long}"), Some(7), name, &(1, "b")).unwrap();
            let (read, args) = event.event_args().unwrap();
            assert_eq!(read, name);
            assert_eq!(args.deserialize::<(u8, String)>().unwrap(), (1, "b".to_owned()));
        }
        let data = vec![Bytes::from_static(b"1"); 20];
        let event = Encoded::event("/", None, "e", &data).unwrap();
        let (_, args) = event.event_args().unwrap();
        assert_eq!(args.deserialize::<Vec<Bytes>>().unwrap(), data);
        assert_eq!(args.attachments()[3].as_ptr(), event.frames()[4].body().as_ptr(), "attachments are shared");
        let ghost = json!({ "_placeholder": true, "num": 20 });
        assert!(Encoded::event("/", None, "e", &(&data, &ghost)).unwrap().event_args().is_none());
        assert!(Encoded::event("/", None, "e", &ghost).unwrap().event_args().is_some(), "it is what it is in text");
        for other in [
            Encoded::ack("/", 1, &1).unwrap(),
            Encoded::ack("/", 1, &data).unwrap(),
            Encoded::connect("/", "abc", Some("def")),
            Encoded::connect_error::<()>("/", "e", None).unwrap(),
            Encoded::disconnect("/"),
        ] {
            assert!(other.event_args().is_none(), "{other:?}");
        }
    }

    #[test]
    fn errors() {
        for event in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
            let error = Encoded::event("/", None, event, &1).unwrap_err();
            assert!(error.is_reserved_event());
            assert_eq!(error.to_string(), format!("\"{event}\" is a reserved event name"));
        }
        let error = Encoded::event("/", None, "e", &BTreeMap::from([((1, 2), 3)])).unwrap_err();
        assert!(!error.is_reserved_event());
        assert_eq!(error.to_string(), "data cannot be written as JSON: key must be a string");
        // In their own field bytes are no name either.
        assert!(Encoded::event("/", None, "e", &BTreeMap::from([(Bytes::new(), 3)])).is_err());
    }

    #[test]
    fn arguments_go_out_as_they_came() {
        let text = r#"1.50, "a\u00e9" ,{"b" : 18446744073709551616}"#;
        let args = Args::from_text(text);
        let verbatim = r#"["e",1.50,"a\u00e9",{"b" : 18446744073709551616}]"#;
        assert_eq!(event(&args), verbatim);
        assert_eq!(event(&Args::empty()), r#"["e"]"#);
        assert_eq!(event(&("room", args)), format!(r#"["e","room",{}]"#, verbatim.replace(r#""e","#, "")));
        for malformed in ["1,", "1 2", "]", "1],[2", "{"] {
            assert!(Encoded::event("/", None, "e", &Args::from_text(malformed)).is_err(), "{malformed}");
            assert!(Args::from_text(malformed).validated().is_err(), "{malformed}");
        }
        let checked = Args::from_text(text).validated().unwrap();
        assert_eq!(event(&checked), format!(r#"["e",{text}]"#));
        assert_eq!(event(&("room", &checked)), format!(r#"["e","room",{}]"#, verbatim.replace(r#""e","#, "")));
        assert_eq!(serde_json::to_string(&checked).unwrap(), verbatim.replace(r#""e","#, ""));
        assert_eq!(event(&Args::empty().validated().unwrap()), r#"["e"]"#);

        let attachments = vec![Bytes::from_static(b"\x01"), Bytes::from_static(b"\x02")];
        let text = r#"{"x":{"num":1,"_placeholder":true}},2,{"_placeholder":true,"num":0}"#;
        let args = Args::from_binary(text, attachments).unwrap();
        let encoded = Encoded::event("/", None, "e", &args).unwrap();
        let text = r#"452-["e",{"x":{"_placeholder":true,"num":0}},2,{"_placeholder":true,"num":1}]"#;
        assert_eq!(bodies(&encoded), [text.as_bytes(), b"\x02", b"\x01"]);
    }
}
