//! A request, before its body is read: after a byte that says what it is otherwise, its query.

use std::collections::BTreeMap;

use pintle_engine::{Config, Intent, Method, Reject, Request, Sid, TransportKind};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"0",
    b"0EIO=4&transport=polling",
    b"4EIO=4&transport=websocket",
    b"8EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaa",
    b"9EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaa",
    b"<EIO=4&transport=websocket&sid=aaaaaaaaaaaaaaaaaaaa",
    b"0EIO=3&transport=polling&t=x%20+y&EIO=4&&=&sid=",
    b"2%45IO=%34&transport=%70olling&sid=%C3%A9%FF%",
    b"0transport=__proto__&sid[]=1",
];

/// It is judged alike however it is written, and the judgement is one that can be answered.
pub(crate) fn run(data: &[u8]) {
    let Some((&otherwise, query)) = data.split_first() else {
        return;
    };
    let Ok(query) = str::from_utf8(query) else {
        return;
    };
    let method = match otherwise & 3 {
        0 => Method::Get,
        1 => Method::Post,
        _ => Method::Other,
    };
    let websocket = otherwise & 4 != 0;
    let known = (otherwise & 8 != 0).then_some(TransportKind::Polling);

    let judge = |query: &str| {
        let config = Config::default();
        let mut asked = None;
        let judged = Request { method, query, websocket }.judge(&config, |sid: &Sid| {
            asked = Some(*sid);
            known
        });
        (judged, asked)
    };
    // Decoded, a byte that is no text has become three, in a vector that has grown to fit.
    let (judged, asked) = crate::meter::bounded(query.len(), 8, 0, || judge(query));
    assert_eq!(judge(&rewritten(query)), (judged, asked), "the same, written otherwise");

    match judged {
        Ok(Intent::Open { .. }) => assert_eq!((method, asked), (Method::Get, None)),
        Ok(Intent::Poll(sid) | Intent::Push(sid) | Intent::Upgrade(sid)) => {
            assert_eq!((Some(sid), known.is_some()), (asked, true));
        }
        Err(reject) => assert!(matches!(reject.status(), 400 | 403 | 500)),
    }
    let body: serde_json::Value = serde_json::from_str(&Reject::Forbidden.body(Some(query))).expect("it is JSON");
    assert_eq!(body["message"], query);
}

/// The query as `form_urlencoded` understands and writes it: of several parameters of a name the last, and only ours.
fn rewritten(query: &str) -> String {
    let last: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let ours = last.iter().filter(|(name, _)| ["EIO", "transport", "sid"].contains(&&***name));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(ours).finish()
}
