//! A WebSocket through hyper and the whole server: after a byte that says how, whatever a client writes after the 101.
//!
//! The byte's highest bit has the WebSocket take over a session on long-polling rather than open one. The others say into
//! pieces of how many bytes what is written is cut.

use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pintle::{Ack, Args, Socket, SocketIoLayer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower::ServiceExt as _;

use crate::virtual_time::{all_gone, run as on_virtual_time, settle, within};

// Zero is the mask of all frames here: it leaves them readable.
pub(crate) const SEEDS: &[&[u8]] = &[
    b"\x01",
    b"\x01\x81\x82\0\0\0\x0040\x81\x91\0\0\0\x004217[\"echo\",true]",
    b"\x02\x81\x82\0\0\0\x0040\x81\x8c\0\0\0\x0042[\"echo\",1]\x88\x82\0\0\0\0\x03\xe8",
    b"\x03\x81\x82\0\0\0\x0040\x81\xaa\0\0\0\x00451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x82\x82\0\0\0\0hi",
    b"\x04\x81\x98\0\0\0\x0040/aaaaaaaaaaaaaaaaaaaa,\x81\x82\0\0\0\x0041",
    b"\x02\x01\x81\0\0\0\x004\x89\x82\0\0\0\0hi\0\x80\0\0\0\0\x80\x81\0\0\0\x000\x8a\x80\0\0\0\0",
    b"\x07\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0",
    b"\x05\x81\xfe\0~\0\0\0\x0040/aaaaaaaaaaaaaaaaaaaa",
    b"\x01\x81\x82\0\0\0\x004\xff",
    b"\x01\x81\x81\0\0\0\x001",
    b"\x01\x81\x81\0\0\0\x002",
    b"\x01\xc1\x80\0\0\0\0",
    b"\x81\x81\x86\0\0\0\x002probe\x81\x81\0\0\0\x005\x81\x82\0\0\0\x0040\x81\x8d\0\0\0\x00421[\"echo\",1]",
    b"\x84\x81\x81\0\0\0\x005",
    b"\x84\x81\x86\0\0\0\x002probe\x81\x84\0\0\0\x004abc",
];

const MAX_PAYLOAD: usize = 2000;
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
/// What a server, hyper and their runtime ask for before anybody has come, twice.
const FLOOR: usize = 1024 * 1024;
/// What a byte may ask for. The shortest that has an answer is a frame of six bytes, an empty ping.
const EACH: usize = 2048;

/// What the server says is proper, and does not depend on how the client's bytes were cut.
pub(crate) fn run(data: &[u8]) {
    let Some((&how, stream)) = data.split_first() else {
        return;
    };
    let (upgrade, piece) = (how & 0x80 != 0, usize::from(how & 0x7f).max(1));
    let converse = |piece| on_virtual_time(converse(upgrade, stream, piece));
    let (whole, cut) =
        crate::meter::bounded(data.len(), EACH, FLOOR, || (converse(stream.len().max(1)), converse(piece)));
    // An end of the server's own has no code. It comes with the turn, so that more may be read before it.
    assert!(whole.close == cut.close || cut.close == Some(Vec::new()), "the end is the same: {whole:?}, {cut:?}");
    // A stream that breaks the rules is broken off at once: what would have been said before may be lost.
    let (less, more) = if whole.texts.len() < cut.texts.len() { (&whole, &cut) } else { (&cut, &whole) };
    assert!(more.texts.starts_with(&less.texts), "what is said is the same: {less:?}, {more:?}");
    let broken = whole.close.is_some() || upgrade;
    assert!(broken || less.texts.len() == more.texts.len(), "nothing is lost");
}

/// What a server said.
#[derive(Debug, Default)]
struct Said {
    /// Texts and binaries.
    texts: Vec<Vec<u8>>,
    close: Option<Vec<u8>>,
}

async fn converse(upgrade: bool, stream: &[u8], piece: usize) -> Said {
    let layer = SocketIoLayer::new()
        .max_payload(MAX_PAYLOAD)
        // They come by the clock, which runs while pieces are written.
        .ping_interval(NEVER)
        .upgrade_timeout(NEVER)
        .connect_timeout(NEVER)
        .on("echo", async |socket: Socket, args: Args| socket.emit("echo", &args).map(|()| Ack(args)));
    let io = layer.io();
    let service = layer.into_service();
    let mut query = "EIO=4&transport=websocket".to_owned();
    if upgrade {
        let open = Request::get("/socket.io/?EIO=4&transport=polling").body(Empty::<bytes::Bytes>::new());
        let response = service.clone().oneshot(open.expect("it is a request")).await;
        let body = response.unwrap_or_else(|never| match never {}).into_body().collect().await;
        let body = body.unwrap_or_else(|never| match never {}).to_bytes();
        let open: serde_json::Value = serde_json::from_slice(&body[1..]).expect("an open packet is JSON");
        query = format!("{query}&sid={}", open["sid"].as_str().expect("it has an id"));
    }
    let (client, server) = tokio::io::duplex(64 * 1024);
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(server), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::spawn(connection);
    let said = talk(client, &query, stream, piece).await;
    // A session that goes on on long-polling, because nothing took over.
    io.close().await;
    drop(io);
    all_gone().await;
    said
}

async fn talk(mut client: DuplexStream, query: &str, stream: &[u8], piece: usize) -> Said {
    let request = format!(
        "GET /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.expect("the server reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("the server answers"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));

    let (mut reader, mut writer) = tokio::io::split(client);
    let reading = tokio::spawn(async move {
        let mut said = Vec::new();
        // However it ends, it ends.
        let _ = reader.read_to_end(&mut said).await;
        said
    });
    for piece in stream.chunks(piece) {
        if writer.write_all(piece).await.is_err() {
            break;
        }
        settle().await;
    }
    settle().await;
    // The server may have gone first.
    let _ = writer.shutdown().await;
    let said = within("the end of the stream", reading).await;
    frames(&said.expect("the reader does not panic"))
}

/// Reads the server's frames, which have to be whole and proper.
fn frames(mut bytes: &[u8]) -> Said {
    let mut said = Said::default();
    while let Some((&[first, length], mut rest)) = bytes.split_first_chunk() {
        assert!(said.close.is_none(), "nothing comes after the end");
        assert!(length < 0x80, "a server does not mask");
        let length = match length {
            126 => {
                let (length, payload) = rest.split_first_chunk().expect("a frame is whole");
                rest = payload;
                usize::from(u16::from_be_bytes(*length))
            }
            127 => panic!("nothing is that long"),
            short => usize::from(short),
        };
        let (payload, after) = rest.split_at_checked(length).expect("a frame is whole");
        match first {
            0x81 => said.texts.push(anonymous(str::from_utf8(payload).expect("a text is UTF-8")).into_bytes()),
            0x82 => said.texts.push(payload.to_vec()),
            0x88 => said.close = Some(payload.to_vec()),
            0x8a => {}
            first => panic!("a frame that begins with {first:#x}"),
        }
        bytes = after;
    }
    assert!(bytes.is_empty(), "a frame is whole");
    said
}

/// A text without ids: they are random.
fn anonymous(text: &str) -> String {
    const ID: &str = "\"sid\":\"";
    match text.find(ID) {
        Some(at) if text.starts_with('0') || text.starts_with("40") => {
            let end = at + ID.len();
            format!("{}{}", &text[..end], &text[end + 20..])
        }
        _ => text.to_owned(),
    }
}
