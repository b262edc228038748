//! What hostile clients send: whole streams of bytes, from the first of a connection on.

use bench_load::{binary, post, text};

use crate::random::Random;

/// Streams that a server must survive. Most get their connection or session closed, some only a refusal.
pub(super) fn streams() -> Vec<Vec<u8>> {
    let mut streams: Vec<Vec<u8>> = requests().into_iter().map(String::into_bytes).collect();
    let frames = packets().into_iter().map(|packet| text(&packet)).chain(broken_frames());
    streams.extend(frames.map(on_websocket));
    streams.extend(payloads().iter().map(|payload| post("unknown", payload).into_bytes()));
    streams
}

/// Bytes that mean nothing at all.
pub(super) fn noise(random: &mut Random) -> Vec<u8> {
    let length = 1 + random.below(2048);
    (0..length).map(|_| random.next() as u8).collect()
}

/// A client that has connected and then sends `frames`.
fn on_websocket(frames: Vec<u8>) -> Vec<u8> {
    let mut stream = bench_load::upgrade(None).into_bytes();
    stream.extend(text("40"));
    stream.extend(frames);
    stream
}

fn requests() -> Vec<String> {
    let get = |query: &str| format!("GET /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let queries = [
        "",
        "EIO=4",
        "EIO=3&transport=polling",
        "EIO=4&transport=__proto__",
        "EIO=4&transport=polling%00",
        "EIO=4&transport=websocket",
        "EIO=4&transport=polling&sid=../../etc/passwd",
        "EIO=4&EIO=3&transport=polling",
        "EIO=4&transport=polling&sid=%ff%fe",
        "EIO=99999999999999999999&transport=polling",
        "&&&&====%zz",
    ];
    let mut requests: Vec<String> = queries.into_iter().map(get).collect();
    requests.push(get(&format!("EIO=4&transport=polling&x={}", "y".repeat(8000))));
    let others = [
        "PUT /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n",
        "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: localhost\r\n\
         Content-Length: 100000000\r\n\r\n4",
        "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: localhost\r\n\
         Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "GET /other HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
    ];
    requests.extend(others.map(str::to_owned));
    requests.push(format!("{}test", bench_load::upgrade(None)));
    requests
}

/// Engine.IO packets of one text frame.
fn packets() -> Vec<String> {
    let digits = "9".repeat(100_000);
    let deep = format!(r#"42["up",{}"#, "[".repeat(100_000));
    let mut packets: Vec<String> = [
        "",
        "7",
        "x",
        "0{}",
        "1",
        "2probe",
        "3",
        "3probe",
        "5",
        "6",
        "b",
        "4",
        "48",
        "4é",
        "éabcd",
        "40{",
        "40[1]",
        "42",
        "42[",
        "42[]",
        "42{}",
        r#"42"x""#,
        r#"42[{"toString":"foo"}]"#,
        r#"42[true,"foo"]"#,
        r#"42["connect"]"#,
        r#"42["disconnecting"]"#,
        "43[",
        "431[1]",
        "44",
        "451-[",
        r#"451-["up",{"_placeholder":true,"num":"splice"}]"#,
        r#"4511-["up-binary"]"#,
        r#"450-["x"]"#,
        "45-",
        "45a-",
        "451.23-",
        r#"42["error"]"#,
        r#"42["up"]"#,
        r#"42["up",-1,null]"#,
        r#"42["join",999999999]"#,
        r#"42["say","x"]"#,
        "40/nothing,",
        "40/dyn/x,",
        "41/dyn/x,",
        "42/dyn/x,[\"up\",1,1]",
        r#"46-["x"]"#,
        r#"42["\ud800"]"#,
    ]
    .map(str::to_owned)
    .into();
    packets.extend([format!("42{digits}"), format!("45{digits}-[]"), format!("42/{digits}"), deep]);
    packets.push("x".repeat(1_000_001));
    packets
}

/// Frames that are wrong by themselves.
fn broken_frames() -> Vec<Vec<u8>> {
    vec![
        // A reserved bit, a reserved opcode, without a mask, a control frame in parts, a ping that is too long.
        vec![0xc1, 0x80, 0, 0, 0, 0],
        vec![0x83, 0x80, 0, 0, 0, 0],
        vec![0x81, 0x01, b'3'],
        vec![0x09, 0x80, 0, 0, 0, 0],
        vec![0x89, 0xfe, 0, 126, 0, 0, 0, 0],
        // Lengths that are not so, or are nobody's to have.
        vec![0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0],
        vec![0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0],
        vec![0x81, 0xfe, 0, 5, 0, 0, 0, 0, b'4'],
        // The middle of nothing, and a text that is none.
        vec![0x80, 0x80, 0, 0, 0, 0],
        vec![0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
        // Farewells: one byte, a code that is none, twice.
        vec![0x88, 0x81, 0, 0, 0, 0, 3],
        vec![0x88, 0x82, 0, 0, 0, 0, 0, 1],
        [[0x88, 0x80, 0, 0, 0, 0]; 2].concat(),
        // An attachment that nobody announced, and an empty one.
        binary(b"attachment"),
        binary(b""),
        // A message of a thousand empty parts, and more.
        [vec![0x01, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0].repeat(5000)].concat(),
        // Many packets at once: each opens or leaves something.
        text("40/dyn/1,").repeat(200),
        (0..200).flat_map(|number| text(&format!("40/dyn/{number},"))).collect(),
        text("41").repeat(100),
        text("3").repeat(1000),
    ]
}

fn payloads() -> Vec<String> {
    vec![String::new(), "\u{1e}".repeat(1000), "4\u{1e}".repeat(1000), "b====".to_owned(), "2:40".to_owned()]
}
