//! A live server, over raw TCP: each vector whole, byte by byte, and cut anywhere.

use pintle::DisconnectReason;
use pintle_tests::vectors::{Before, Catalogue, Close, Input, Said, Vector, Verdict};
use pintle_tests::{
    Client, Endpoint, HttpConnection, Opcode, Polling, Request, Transport, WebSocket, encode_frame, encode_packet,
    encode_payload, eventually, split, within,
};

use super::cut::Cut;
use super::mirror::{Departures, mirror};
use super::requests;
use crate::scene::Scene;

/// What is sent behind a vector, and what is answered: by then the server has said all there is to say about it.
const LAST: &str = "40/last,";
const LAST_ANSWER: &str = r#"44/last,{"message":"Invalid namespace"}"#;

/// Sends all vectors of a row, in all ways.
pub(super) async fn judge(id: &str) {
    let row = Catalogue::get().row(id).unwrap_or_else(|| panic!("{id} has no vectors"));
    let departures = Departures::default();
    let scene = Scene::set(mirror(departures.clone())).await;
    for vector in &row.vectors {
        let mut attacks = Vec::new();
        for cut in Cut::ways(vector.len()) {
            for transport in transports(&vector.input) {
                let attack = attack(scene.endpoint(), vector, *transport, *cut, departures.clone());
                attacks.push((transport, cut, scene.elsewhere.start(attack)));
            }
        }
        for (transport, cut, attack) in attacks {
            let done = attack.await;
            assert!(done.is_ok(), "{} ({}), {transport:?}, {cut:?}: see the panic above", vector.id, row.what);
        }
    }
    scene.unharmed().await;
}

fn transports(input: &Input) -> &'static [Transport] {
    match input {
        Input::Packets(_) => &Transport::BOTH,
        Input::Frames(_) => &[Transport::WebSocket],
        Input::Payload(_) | Input::Request { .. } => &[Transport::Polling],
    }
}

async fn attack(endpoint: Endpoint, vector: &Vector, transport: Transport, cut: Cut, departures: Departures) {
    if let Input::Request { .. } = vector.input {
        return requests::judge(endpoint, vector, cut).await;
    }
    let mut client = Client::open(endpoint, transport).await;
    let id = match vector.before {
        Before::Open => None,
        Before::Joined => {
            client.send("40").await;
            Some(client.connected("").await)
        }
    };
    match client {
        Client::Polling(session) => post(endpoint, session, vector, cut).await,
        Client::WebSocket(socket) => stream(socket, vector, cut).await,
    }
    if let (Some(id), Verdict::Close(Close::Reason(reason))) = (id, &vector.verdict) {
        eventually("the socket's end", || departures.of(&id).is_some()).await;
        let told = if leaves(&vector.input) { "client namespace disconnect" } else { reason };
        assert_eq!(departures.of(&id).map(DisconnectReason::as_str), Some(told));
    }
}

/// Whether the client leaves `/` before the session ends.
fn leaves(input: &Input) -> bool {
    matches!(input, Input::Packets(packets) if packets[..packets.len() - 1].contains(&"41".into()))
}

/// Sends a vector as the body of a POST.
async fn post(endpoint: Endpoint, session: Polling, vector: &Vector, cut: Cut) {
    let body = match &vector.input {
        Input::Packets(packets) => encode_payload(packets),
        Input::Payload(body) => body.clone(),
        Input::Frames(_) | Input::Request { .. } => unreachable!("they go elsewhere"),
    };
    let request = Request::post(session.target(), body).encode(endpoint.address());
    let mut connection = HttpConnection::open(endpoint.address()).await;
    send(&mut connection, cut, &request).await;
    let answer = connection.response().await;
    let answer = (answer.status, answer.text());
    match &vector.verdict {
        Verdict::Refuse { status, body } => {
            assert_eq!(answer, (*status, &**body));
            session.assert_open().await;
        }
        Verdict::Waits => {
            assert_eq!(answer, (200, "ok"));
            session.assert_open().await;
        }
        Verdict::Says(expected) => {
            assert_eq!(answer, (200, "ok"));
            // A server that has much to say reads on when it is heard.
            let (said, ()) = tokio::join!(hear(&session), session.push(LAST));
            assert_eq!(&said, expected);
        }
        Verdict::Close(Close::Reason(reason)) => {
            let refused = ["parse error", "transport error"].contains(&&**reason);
            assert_eq!(answer, if refused { (400, "") } else { (200, "ok") });
            return session.closed().await;
        }
        Verdict::Opens | Verdict::Close(Close::Code(_)) => unreachable!("a POST has no such verdict"),
    }
    // Not to wait for the end of an attacker that goes without a word.
    session.push("1").await;
}

/// What the server says up to the last answer.
async fn hear(session: &Polling) -> Vec<Said> {
    let mut said = Vec::new();
    loop {
        let response = session.get().await;
        assert_eq!(response.status, 200, "{}", response.text());
        for packet in split(response.text()) {
            match &*packet {
                LAST_ANSWER => return said,
                "2" => session.push("3").await,
                _ => said.push(polled(&packet)),
            }
        }
    }
}

fn polled(packet: &str) -> Said {
    match pintle_tests::decode_binary(packet) {
        Some(data) => Said::binary(&data),
        None => Said::text(packet),
    }
}

/// Sends a vector on a WebSocket.
async fn stream(mut socket: WebSocket, vector: &Vector, cut: Cut) {
    let bytes = match &vector.input {
        Input::Packets(packets) => packets.iter().flat_map(encode_packet).collect(),
        Input::Frames(bytes) => bytes.clone(),
        Input::Payload(_) | Input::Request { .. } => unreachable!("they go elsewhere"),
    };
    for piece in cut.pieces(&bytes) {
        // The server may have seen enough, and closed.
        if socket.try_send_raw(piece).await.is_err() {
            break;
        }
    }
    match &vector.verdict {
        Verdict::Says(expected) => {
            socket.send(LAST).await;
            let mut said = Vec::new();
            let end = hear_frames(&mut socket, &mut said).await;
            assert_eq!((&said, end), (expected, End::Answered));
        }
        // What is sent now would be taken for the rest of it.
        Verdict::Waits if matches!(vector.input, Input::Frames(_)) => {}
        Verdict::Waits => socket.assert_open().await,
        Verdict::Close(close) => {
            let end = hear_frames(&mut socket, &mut Vec::new()).await;
            let code = match close {
                Close::Code(code) => Some(*code),
                Close::Reason(_) => None,
            };
            assert_eq!(end, End::Closed(code));
            socket.ended().await;
        }
        Verdict::Opens | Verdict::Refuse { .. } => unreachable!("a WebSocket has no such verdict"),
    }
}

/// How far the server's words were heard.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// To the last answer.
    Answered,
    /// To a close frame, with a code or without.
    Closed(Option<u16>),
    /// To the end of the connection.
    Cut,
}

async fn hear_frames(socket: &mut WebSocket, said: &mut Vec<Said>) -> End {
    loop {
        let Some(frame) = within("the server's verdict", socket.frame()).await else {
            return End::Cut;
        };
        match (frame.text(), frame.binary(), frame.close()) {
            (Some(LAST_ANSWER), ..) => return End::Answered,
            // The server may be gone by now, which the next frame tells.
            (Some("2"), ..) => drop(socket.try_send_raw(&encode_frame(true, Opcode::Text, b"3")).await),
            (Some(text), ..) => said.push(Said::text(text)),
            (_, Some(data), _) => said.push(Said::binary(data)),
            (.., Some(code)) => {
                assert_eq!(frame.payload.len(), if code.is_some() { 2 } else { 0 }, "a close frame gives no reason");
                return End::Closed(code);
            }
            _ => said.push(Said::Pong(frame.payload)),
        }
    }
}

/// Sends bytes in pieces, to a server that may have seen enough before it has all.
pub(super) async fn send(connection: &mut HttpConnection, cut: Cut, bytes: &[u8]) {
    for piece in cut.pieces(bytes) {
        if connection.try_send(piece).await.is_err() {
            break;
        }
    }
}
