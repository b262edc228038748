//! Files, up and down. `bytes::Bytes` anywhere in a type travels as a binary attachment, neither copied into the JSON nor
//! blown up by base64; in JavaScript it is an `ArrayBuffer`, or a `Buffer` in Node.js.
//!
//! To try it: `cargo run -p example-binary`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:3000");
//! const bytes = require("fs").readFileSync("package.json");
//! socket.emit("upload", { name: "package.json", size: bytes.length, offset: 0, bytes }, console.log);
//! socket.emit("download", "package.json", console.log);
//! ```

mod shelf;

use axum::Router;
use axum::extract::State;
use bytes::Bytes;
use pintle::{Ack, ClientError, Data, Socket, SocketIo, SocketIoLayer};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::shelf::{File, Shelf};

fn files() -> SocketIoLayer {
    SocketIoLayer::new()
        .on("upload", upload)
        .on("download", download)
        .on("album", album)
        .on_disconnect(async |socket: Socket, State(shelf): State<Shelf>| shelf.forget(socket.id()))
        .with_state(Shelf::default())
}

/// A piece of a file. `bytes` is an attachment; the rest is JSON, with a place in it for the attachment.
#[derive(Deserialize)]
struct Piece {
    name: String,
    size: usize,
    offset: usize,
    bytes: Bytes,
}

/// What has arrived so far. The hash comes with the last piece, and is an attachment too.
#[derive(Serialize)]
struct Progress {
    received: usize,
    sha256: Option<Bytes>,
}

/// The acknowledgement is the progress: a client that sends the next piece when it has it is never faster than the server,
/// and knows where to go on. A message may be as large as `SocketIoLayer::max_payload` says, a file as [`Shelf`] does.
async fn upload(
    socket: Socket,
    io: SocketIo,
    State(shelf): State<Shelf>,
    Data(piece): Data<Piece>,
) -> Result<Ack<Progress>, ClientError> {
    let progress = shelf.add(socket.id(), &piece)?;
    if progress.sha256.is_some() {
        io.emit("uploaded", (piece.name, piece.size))?;
    }
    Ok(Ack(progress))
}

/// The file and its hash: an acknowledgement with two attachments.
async fn download(State(shelf): State<Shelf>, Data(name): Data<String>) -> Result<Ack<File>, ClientError> {
    shelf.get(&name).map(Ack).ok_or(ClientError::new("there is no such file"))
}

#[derive(Deserialize, Serialize)]
struct Album {
    title: String,
    cover: Option<Picture>,
    pictures: Vec<Picture>,
}

#[derive(Deserialize, Serialize)]
struct Picture {
    caption: String,
    bytes: Bytes,
}

/// However deep they are: in structs, options and lists. What came goes on to the others as it is, without a copy.
async fn album(socket: Socket, Data(album): Data<Album>) -> Result<Ack<Vec<Bytes>>, ClientError> {
    socket.broadcast().emit("album", &album)?;
    let pictures = album.cover.iter().chain(&album.pictures);
    Ok(Ack(pictures.map(|picture| shelf::sha256(&picture.bytes)).collect()))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = Router::new().layer(files());
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
