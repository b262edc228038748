use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::Encoded;

fn text(text: &str) -> Args {
    Args::from_text(text)
}

/// Arguments with the attachments `[1, 2]` and `[3]`.
fn binary(text: &str) -> Result<Args, DecodeError> {
    Args::from_binary(text, vec![Bytes::from_static(&[1, 2]), Bytes::from_static(&[3])])
}

const A: &str = r#"{"_placeholder":true,"num":0}"#;
const B: &str = r#"{"num":1,"_placeholder":true}"#;

#[derive(Deserialize, PartialEq, Debug)]
struct Point {
    x: u8,
    #[serde(default)]
    y: Option<u8>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct File {
    name: String,
    data: Bytes,
    #[serde(flatten)]
    more: HashMap<String, bool>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Wrapped(Option<(u8, u8)>);

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Shape {
    None,
    Circle(u8),
    Line(u8, u8),
    Named { at: u8 },
    Blob(Bytes),
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Either {
    Number(u8),
    Bytes(Bytes),
}

/// Both kinds of arguments must be read alike, so most tests ask both.
fn read<T: DeserializeOwned + PartialEq + fmt::Debug>(json: &str) -> Result<T, ArgsError> {
    let from_text = text(json).deserialize();
    let from_binary = binary(json).unwrap().deserialize();
    assert_eq!(from_text.as_ref().ok(), from_binary.as_ref().ok(), "{json}");
    from_text
}

fn mismatch<T: DeserializeOwned + PartialEq + fmt::Debug>(json: &str) {
    let error = read::<T>(json).unwrap_err();
    assert!(matches!(error, ArgsError::Mismatch(_)), "{json}: {error}");
}

#[test]
fn a_tuple_takes_several_arguments() {
    assert_eq!(read::<(u8, String)>(r#"1,"b""#).unwrap(), (1, "b".to_owned()));
    assert_eq!(read::<(u8,)>("1").unwrap(), (1,));
    assert_eq!(read::<[u8; 3]>(" 1 ,\n2\t, 3").unwrap(), [1, 2, 3]);
    assert_eq!(read::<(Vec<u8>, (u8, u8))>("[1],[2,3]").unwrap(), (vec![1], (2, 3)));
    assert_eq!(read::<Box<(u8, u8)>>("1,2").unwrap(), Box::new((1, 2)));
}

#[test]
fn anything_else_takes_the_first() {
    assert_eq!(read::<u8>("1").unwrap(), 1);
    assert_eq!(read::<f32>("-1.5").unwrap(), -1.5);
    assert_eq!(read::<char>(r#""c""#).unwrap(), 'c');
    assert_eq!(read::<String>(r#""b\n""#).unwrap(), "b\n");
    assert_eq!(read::<Vec<u8>>("[1,2]").unwrap(), [1, 2]);
    assert_eq!(read::<Option<u8>>("null").unwrap(), None);
    assert_eq!(read::<Option<u8>>("1").unwrap(), Some(1));
    assert_eq!(read::<Option<(u8, u8)>>("[1,2]").unwrap(), Some((1, 2)));
    assert_eq!(read::<Wrapped>("[1,2]").unwrap(), Wrapped(Some((1, 2))));
    assert_eq!(read::<Point>(r#"{"x":1,"z":[]}"#).unwrap(), Point { x: 1, y: None });
    assert_eq!(read::<Point>("[1,2]").unwrap(), Point { x: 1, y: Some(2) });
    assert_eq!(read::<Shape>(r#""none""#).unwrap(), Shape::None);
    assert_eq!(read::<Shape>(r#"{"circle":1}"#).unwrap(), Shape::Circle(1));
    assert_eq!(read::<Shape>(r#"{"line":[1,2]}"#).unwrap(), Shape::Line(1, 2));
    assert_eq!(read::<Shape>(r#"{"named":{"at":1}}"#).unwrap(), Shape::Named { at: 1 });
    assert_eq!(read::<Either>("1").unwrap(), Either::Number(1));
    assert_eq!(read::<BTreeMap<i8, bool>>(r#"{"-1":true}"#).unwrap(), BTreeMap::from([(-1, true)]));
    let any = r#"{"a":[1,-2,0.5,null,true,"b"]}"#;
    assert_eq!(read::<serde_json::Value>(any).unwrap(), serde_json::from_str::<serde_json::Value>(any).unwrap());
}

#[test]
fn arguments_too_many_are_ignored() {
    assert_eq!(read::<u8>(r#"1,"b",{"c":[]}"#).unwrap(), 1);
    assert_eq!(read::<(u8, u8)>("1,2,[3]").unwrap(), (1, 2));
    read::<()>("1,2").unwrap();
    read::<()>("").unwrap();
    // But not what is no JSON.
    for json in ["1,", "1,}", "1,2,", "1 2", "1],[2", "1,{\"a\"}"] {
        assert!(matches!(text(json).deserialize::<u8>(), Err(ArgsError::Malformed(_))), "{json}");
        assert!(matches!(text(json).deserialize::<()>(), Err(ArgsError::Malformed(_))), "{json}");
        assert!(matches!(text(json).deserialize::<(u8,)>(), Err(ArgsError::Malformed(_))), "{json}");
        assert!(matches!(text(json).validate(), Err(ArgsError::Malformed(_))), "{json}");
        assert_eq!(binary(json).unwrap_err(), DecodeError::InvalidPayload);
    }
}

#[test]
fn a_missing_argument_is_none_or_an_error() {
    assert_eq!(read::<(u8, Option<u8>)>("1").unwrap(), (1, None));
    assert_eq!(read::<(u8, Option<u8>, Option<()>)>("1,2").unwrap(), (1, Some(2), None));
    assert_eq!(read::<(Option<u8>,)>("").unwrap(), (None,));
    assert_eq!(read::<Option<u8>>("").unwrap(), None);
    mismatch::<u8>("");
    mismatch::<(u8, u8)>("1");
    mismatch::<Vec<u8>>("");
    mismatch::<Point>("");
    assert_eq!(read::<u8>("").unwrap_err().to_string(), "unexpected arguments: missing argument");
}

#[test]
fn json_that_is_not_wanted_is_a_mismatch() {
    mismatch::<u8>("256");
    mismatch::<u8>(r#""1""#);
    mismatch::<(u8, String)>("1,2");
    mismatch::<Point>(r#"{"y":1}"#);
    mismatch::<[u8; 2]>("1");
    mismatch::<Option<(u8, u8)>>("[1,2,3]");
    mismatch::<Shape>(r#""square""#);
    mismatch::<Shape>(r#"{"circle":1,"line":2}"#);
    mismatch::<Shape>(r#""circle""#);
    mismatch::<Shape>("1");
    mismatch::<BTreeMap<u8, u8>>(r#"{"a":1}"#);
}

#[test]
fn what_is_no_json_is_malformed_whoever_reads_it() {
    let malformed = [
        "{",
        "[1",
        r#""a"#,
        "NaN",
        "undefined",
        "01",
        "1e",
        "'a'",
        "{a:1}",
        r#"{"a":1,}"#,
        "[1,]",
        "\"\u{1}\"",
        r#""\x""#,
        r#""\ud8zz""#,
        "\u{feff}1",
        "tru",
    ];
    for json in malformed {
        for error in [
            text(json).validate().unwrap_err(),
            text(json).deserialize::<bool>().unwrap_err(),
            text(json).deserialize::<serde_json::Value>().unwrap_err(),
        ] {
            assert!(matches!(error, ArgsError::Malformed(_)), "{json}: {error}");
        }
        assert_eq!(binary(json).unwrap_err(), DecodeError::InvalidPayload, "{json}");
    }
}

#[test]
fn a_number_beyond_all_floats_is_malformed() {
    // Unless someone in the build turned on serde_json's arbitrary precision.
    if "1e400".parse::<serde_json::Number>().is_err() {
        assert!(matches!(text("1e400").validate(), Err(ArgsError::Malformed(_))));
        assert!(matches!(text("1e400").deserialize::<f64>(), Err(ArgsError::Malformed(_))));
        assert_eq!(binary("1e400").unwrap_err(), DecodeError::InvalidPayload);
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The arguments are the outermost array.
    assert_eq!(text(&nested(127)).validate(), Ok(()));
    assert!(text(&nested(127)).deserialize::<serde_json::Value>().is_ok());
    assert!(binary(&nested(127)).is_ok());
    for depth in [128, 100_000] {
        assert!(matches!(text(&nested(depth)).validate(), Err(ArgsError::Malformed(_))));
        assert!(matches!(text(&nested(depth)).deserialize::<serde_json::Value>(), Err(ArgsError::Malformed(_))));
        assert_eq!(binary(&nested(depth)).unwrap_err(), DecodeError::InvalidPayload);
    }
}

#[test]
fn h116_depth_takes_no_stack_to_read_to_send_on_or_to_drop() {
    // A quarter of what tokio gives a worker: what recurses with the depth of a hostile text does not fit.
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let work = || {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for depth in [126, 127, 128, 129, 1_000_000 / open.len()] {
                let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
                let args = text(&nested);
                assert_eq!(args.validate().is_ok(), depth <= 127);
                assert_eq!(args.deserialize::<serde_json::Value>().is_ok(), depth <= 127);
                // Whoever asks for nothing, or sends it on, does not look into it.
                assert!(args.deserialize::<()>().is_ok());
                assert!(Encoded::event("/", None, "x", &args).is_ok());
                let read = binary(&nested);
                assert_eq!(read.is_ok(), depth <= 127);
                drop(read.map(|args| Encoded::event("/", None, "x", &args).unwrap()));
            }
            // What never ends is not JSON, however deep.
            assert!(text(&open.repeat(500_000 / open.len())).validate().is_err());
        }
    };
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn half_a_surrogate_pair_is_a_replacement_character() {
    let lone = [
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""a\uDE00b""#, "a\u{fffd}b"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\\ud83d\ude00""#, "\\ud83d\u{fffd}"),
        (r#""\ud83d\n\\""#, "\u{fffd}\n\\"),
        (r#""\ud83d\\ude00""#, "\u{fffd}\\ude00"),
        (r#""\ud83d\ude00""#, "😀"),
    ];
    for (json, meant) in lone {
        assert_eq!(read::<String>(json).unwrap(), meant, "{json}");
        assert_eq!(text(json).validate(), Ok(()), "{json}");
        mismatch::<u8>(json);
    }
    assert_eq!(mended(r#""\ud83d\ude00 \\ud83d""#), None);
    assert_eq!(mended(r"\ud83d\"), Some(r"\ufffd\".to_owned()));
    assert_eq!(mended(r"\ud8"), None);
}

#[test]
fn raw_json_stays_as_it_was() {
    let raw: Box<RawValue> = text(r#"{"a" : 1.50}"#).deserialize().unwrap();
    assert_eq!(raw.get(), r#"{"a" : 1.50}"#);
    let (raw, n): (Box<RawValue>, u8) = text("[ ],2").deserialize().unwrap();
    assert_eq!((raw.get(), n), ("[ ]", 2));
    let big: Box<RawValue> = text("123456789012345678901234567890").deserialize().unwrap();
    assert_eq!(big.get(), "123456789012345678901234567890");
}

#[test]
fn attachments_are_bytes_wherever_they_were() {
    let (a, b) = (Bytes::from_static(&[1, 2]), Bytes::from_static(&[3]));
    let args = binary(&format!("{A},[{B},null]")).unwrap();
    assert_eq!(args.attachments(), [a.clone(), b.clone()]);
    assert_eq!(args.deserialize::<Bytes>().unwrap(), a);
    assert_eq!(args.deserialize::<Vec<u8>>().unwrap(), [1, 2]);
    assert_eq!(args.deserialize::<[Option<Either>; 1]>().unwrap(), [Some(Either::Bytes(a.clone()))]);
    let (first, rest): (Option<Bytes>, Vec<Option<Bytes>>) = args.deserialize().unwrap();
    assert_eq!((first, rest), (Some(a.clone()), vec![Some(b), None]));

    let file = binary(&format!(r#"{{"ok":true,"data":{A},"name":"x"}}"#)).unwrap();
    let more = HashMap::from([("ok".to_owned(), true)]);
    assert_eq!(file.deserialize::<File>().unwrap(), File { name: "x".to_owned(), data: a.clone(), more });
    assert_eq!(binary(&format!(r#"{{"blob":{A}}}"#)).unwrap().deserialize::<Shape>().unwrap(), Shape::Blob(a.clone()));

    assert!(matches!(args.deserialize::<u8>(), Err(ArgsError::Mismatch(_))));
    assert!(matches!(args.deserialize::<serde_json::Value>(), Err(ArgsError::Mismatch(_))));
    assert_eq!(args.validate(), Ok(()));

    // Numbers serve as bytes where there is no attachment, as they do in serde_json.
    assert_eq!(read::<Bytes>("[1,2]").unwrap(), a);
}

#[test]
fn placeholders_are_resolved_as_in_node() {
    // Shared, unused, and written in any way that is the same number to JavaScript.
    let twice: (Bytes, Bytes) = binary(&format!("{B},{B}")).unwrap().deserialize().unwrap();
    assert_eq!(twice, (Bytes::from_static(&[3]), Bytes::from_static(&[3])));
    for num in ["1", "1.0", "1e0", "10e-1", "0,\"num\":1"] {
        let args = binary(&format!(r#"{{"_placeholder":true,"num":{num}}}"#)).unwrap();
        assert_eq!(args.deserialize::<Bytes>().unwrap(), [3][..], "{num}");
    }
    assert_eq!(
        binary(r#"{"_placeholder":true,"num":-0}"#).unwrap().deserialize::<Bytes>().unwrap(),
        Bytes::from_static(&[1, 2])
    );
    // What is beside the two names is dropped unseen.
    assert!(binary(r#"{"_placeholder":true,"num":0,"x":{"_placeholder":true,"num":9}}"#).is_ok());

    for num in ["2", "-1", "0.5", "1e99", "4294967296", "null", "true", r#""0""#, r#""splice""#, "[0]", "{}"] {
        let json = format!(r#"{{"a":[{{"_placeholder":true,"num":{num}}}]}}"#);
        assert_eq!(binary(&json).unwrap_err(), DecodeError::IllegalAttachments, "{num}");
    }
    assert_eq!(binary(r#"{"_placeholder":true}"#).unwrap_err(), DecodeError::IllegalAttachments);

    for data in [
        json!({ "_placeholder": "true", "num": 0 }),
        json!({ "_placeholder": 1, "num": 0 }),
        json!({ "_placeholder": false, "num": 9 }),
        json!({ "_placeholder": null }),
        json!({ "num": 9 }),
    ] {
        assert_eq!(read::<serde_json::Value>(&data.to_string()).unwrap(), data);
    }
    // In a text packet there are no placeholders.
    assert!(text(A).deserialize::<HashMap<String, serde_json::Value>>().is_ok());
}

#[test]
fn other_serializers_get_a_sequence() {
    let json = r#"1,{"a":"b"}"#;
    for args in [text(json), binary(json).unwrap()] {
        assert_eq!(serde_json::to_value(&args).unwrap(), json!([1, { "a": "b" }]));
    }
    assert_eq!(serde_json::to_string(&Args::empty()).unwrap(), "[]");
    assert!(serde_json::to_string(&text("1,")).is_err());
}

#[test]
fn what_is_printed_gives_nothing_away() {
    let printed = format!("{:?} {:?}", text(r#""secret""#), binary(r#""secret""#).unwrap());
    assert!(!printed.contains("secret"), "{printed}");
}

#[test]
fn a_long_text_with_attachments_is_read_like_a_short_one() {
    for padding in [0, KEPT_AS_TREE] {
        let args = binary(&format!("{A},\"{}\",{B}", "x".repeat(padding))).unwrap();
        assert!(!args.is_empty());
        let (first, text, second): (Bytes, String, Bytes) = args.deserialize().unwrap();
        assert_eq!((&*first, text.len(), &*second), (&[1, 2][..], padding, &[3][..]));
        // Sent on, it is the same again.
        let encoded = crate::Encoded::event("/", None, "x", &args).unwrap();
        assert_eq!(encoded.frames().len(), 3);
        assert_eq!(args.attachments().len(), 2);
        // Whatever is wrong with it is found at once.
        let spoilt = format!("\"{}\",{{\"_placeholder\":true,\"num\":2}}", "x".repeat(padding));
        assert_eq!(binary(&spoilt).unwrap_err(), DecodeError::IllegalAttachments);
    }
}
