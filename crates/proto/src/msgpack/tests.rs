use super::*;
use crate::value::Value;

/// The order of names is that of the text.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn encoded(value: &Value, flavour: Flavour) -> String {
    let mut out = Vec::new();
    encode(value, flavour, &mut out);
    hex(&out)
}

/// The value in the text form that a client gets.
fn read(bytes: &str) -> Result<String, MsgpackError> {
    decode(&unhex(bytes)).map(|value| serde_json::to_string(&value).unwrap())
}

/// What notepack.io 3.0.1 and @msgpack/msgpack 2.8.0 wrote.
#[test]
fn golden_vectors() {
    let cases = [
        (
            r#"["abc123",{"type":2,"data":["test",1,"2"],"nsp":"/"},{"rooms":["room1"],"except":[],"flags":{}}]"#,
            "93a661626331323383a47479706502a46461746193a47465737401a132a36e7370a12f83a5726f6f6d7391a5726f6f6d31a6657863657074\
             90a5666c61677380",
        ),
        (
            r#"{"uid":"abc123","requestId":"req456","type":7,"packet":{"type":2,"data":["test"],"nsp":"/"},
                "opts":{"rooms":[],"except":[],"flags":{"timeout":500}}}"#,
            "85a3756964a6616263313233a9726571756573744964a6726571343536a47479706507a67061636b657483a47479706502a46461746191a4\
             74657374a36e7370a12fa46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd01f4",
        ),
        (
            r#"{"type":9,"requestId":"req456","packet":"pong"}"#,
            "83a47479706509a9726571756573744964a6726571343536a67061636b6574a4706f6e67",
        ),
    ];
    for (json, bytes) in cases {
        for flavour in [Flavour::Notepack, Flavour::Msgpack] {
            assert_eq!(encoded(&value(json), flavour), bytes);
        }
        assert_eq!(decode(&unhex(bytes)), Ok(value(json)));
    }
}

#[test]
fn numbers_are_as_each_of_them_writes_them() {
    use Flavour::{Msgpack, Notepack};
    let both = [
        ("0", "00"),
        ("127", "7f"),
        ("128", "cc80"),
        ("65536", "ce00010000"),
        ("4294967296", "cf0000000100000000"),
        ("9007199254740991", "cf001fffffffffffff"),
        ("-1", "ff"),
        ("-32", "e0"),
        ("-33", "d0df"),
        ("-129", "d1ff7f"),
        ("-9007199254740991", "d3ffe0000000000001"),
        ("1.0", "01"),
        ("-0.0", "00"),
        ("1e2", "64"),
        ("1.5", "cb3ff8000000000000"),
        ("1e300", "cb7e37e43c8800759c"),
        ("-1e19", "cbc3e158e460913d00"),
    ];
    for (text, bytes) in both {
        let number = serde_json::from_str(text).unwrap();
        assert_eq!(encoded(&number, Notepack), bytes, "{text}");
        assert_eq!(encoded(&number, Msgpack), bytes, "{text}");
    }
    for text in ["9007199254740992", "9007199254740992.0"] {
        let number = serde_json::from_str(text).unwrap();
        assert_eq!(encoded(&number, Notepack), "cf0020000000000000");
        assert_eq!(encoded(&number, Msgpack), "cb4340000000000000");
    }
}

#[test]
fn what_json_cannot_say_is_read_as_javascript_would_write_it() {
    for (bytes, text) in [
        ("c0", "null"),
        ("cb7ff8000000000000", "null"),
        ("cb7ff0000000000000", "null"),
        ("cb3ff0000000000000", "1"),
        ("ca3fc00000", "1.5"),
        ("d6ff39457980", r#""2000-06-13T00:00:00.000Z""#),
        ("d7ff01aa3a8039457980", r#""2000-06-13T00:00:00.006Z""#),
        ("c70cff006acfc0ffffffffffffffff", r#""1969-12-31T23:59:59.007Z""#),
        ("c70cff000000007fffffffffffffff", r#"null"#),
        ("d40000", "null"),
        ("d70000000000000003e8", r#""1970-01-01T00:00:01.000Z""#),
        // As many nanoseconds as fit, which is more than a second.
        ("d7fffffffffc00000000", r#""1970-01-01T00:00:01.073Z""#),
        ("c70cffffffffff0000000000000000", r#""1970-01-01T00:00:04.294Z""#),
        ("c70cffffffffff7fffffffffffffff", "null"),
        ("c70cff000000008000000000000000", "null"),
        ("d7008000000000000000", "null"),
        ("81c3c0", "a name that is no text"),
        ("8101c0", r#"{"1":null}"#),
    ] {
        assert_eq!(read(bytes).unwrap_or_else(|error| error.to_string()), text, "{bytes}");
    }
}

#[test]
fn bytes_and_their_order_are_kept() {
    let bytes = "82a162c4020304a161c70200 0102".replace(' ', "");
    let Ok(Value::Object(entries)) = decode(&unhex(&bytes)) else {
        panic!("an object");
    };
    let entries: Vec<_> = entries.iter().map(|(key, value)| (&**key, value)).collect();
    let [("b", Value::Bytes(b)), ("a", Value::Bytes(a))] = &entries[..] else {
        panic!("two attachments, not {entries:?}");
    };
    assert_eq!((&b[..], &a[..]), (&[3, 4][..], &[1, 2][..]));
}

#[test]
fn what_is_malformed_is_an_error_and_allocates_nothing() {
    use MsgpackError::{InvalidText, Trailing, Truncated, Unknown};
    for (bytes, error) in [
        ("", Truncated),
        ("dbffffffff", Truncated),
        ("c6ffffffff", Truncated),
        ("ddffffffff", Truncated),
        ("dfffffffff", Truncated),
        ("81a161", Truncated),
        ("81d9ff61", Truncated),
        ("82a47479706502a26964", Truncated),
        ("c7ff01", Truncated),
        ("cd01", Truncated),
        ("0000", Trailing),
        ("c1", Unknown),
        ("c70305010203", Unknown),
        ("d5ff0000", Unknown),
        ("a2c328", InvalidText),
    ] {
        assert_eq!(decode(&unhex(bytes)), Err(error), "{bytes}");
    }
}

/// Node writes them like that where a client says them: as halves of a pair, which no Rust string can hold.
#[test]
fn half_a_surrogate_pair_is_read_as_what_stands_for_it() {
    assert_eq!(read("a561eda08062").as_deref(), Ok("\"a\u{fffd}b\""));
    assert_eq!(read("81a3edbfbf01").as_deref(), Ok("{\"\u{fffd}\":1}"));
    assert_eq!(read("a3ed9fbf").as_deref(), Ok("\"\u{d7ff}\""));
    assert_eq!(read("a2eda0"), Err(MsgpackError::InvalidText));
    assert_eq!(read("a4eda080ff"), Err(MsgpackError::InvalidText));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [vec![0x91; depth], vec![0xc0]].concat();
    assert!(decode(&nested(136)).is_ok());
    assert_eq!(decode(&nested(137)), Err(MsgpackError::TooDeep));
    assert_eq!(decode(&nested(1_000_000)), Err(MsgpackError::TooDeep));
    assert_eq!(decode(&[[0x81, 0xa1, b'a'].repeat(1000), vec![0xc0]].concat()), Err(MsgpackError::TooDeep));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(|number| Value::Number(number.into())),
            any::<u64>().prop_map(|number| Value::Number((number >> 11).into())),
            "[a-zé😀]{0,40}".prop_map(Value::String),
            any::<Vec<u8>>().prop_map(|bytes| Value::Bytes(bytes.into())),
        ];
        leaf.prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::vec(("[a-zé😀]{0,8}".prop_map(|name| name.as_str().into()), inner), 0..8)
                    .prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any_value()) {
            for flavour in [Flavour::Notepack, Flavour::Msgpack] {
                let mut out = Vec::new();
                encode(&value, flavour, &mut out);
                prop_assert_eq!(decode(&out), Ok(value.clone()));
            }
        }

        #[test]
        fn nothing_panics(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }
    }
}
