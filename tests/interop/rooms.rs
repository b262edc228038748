//! The events about rooms.

use std::time::Duration;

use pintle::{Ack, Args, ClientError, Data, EmitError, Socket, SocketIo};
use serde_json::Value;

pub(crate) async fn join(socket: Socket, Data(room): Data<String>) -> Result<Ack<Vec<String>>, ClientError> {
    match socket.join(&room) {
        Ok(()) => Ok(Ack(rooms(&socket))),
        Err(error) => Err(ClientError::new(error.to_string())),
    }
}

pub(crate) async fn leave(socket: Socket, Data(room): Data<String>) -> Ack<Vec<String>> {
    socket.leave(&room);
    Ack(rooms(&socket))
}

fn rooms(socket: &Socket) -> Vec<String> {
    let mut rooms: Vec<String> = socket.rooms().iter().map(ToString::to_string).collect();
    rooms.sort();
    rooms
}

pub(crate) async fn to_room(socket: Socket, Data((room, text)): Data<(String, String)>) -> Result<Ack<()>, EmitError> {
    socket.to(room).emit("told", text).map(Ack)
}

pub(crate) async fn to_rooms(
    io: SocketIo,
    Data((rooms, text)): Data<(Vec<String>, String)>,
) -> Result<Ack<()>, EmitError> {
    io.to(rooms).emit("told", text).map(Ack)
}

pub(crate) async fn except_room(
    io: SocketIo,
    Data((room, text)): Data<(String, String)>,
) -> Result<Ack<()>, EmitError> {
    io.except(room).emit("told", text).map(Ack)
}

pub(crate) async fn to_others(socket: Socket, Data(text): Data<String>) -> Result<Ack<()>, EmitError> {
    socket.broadcast().emit("told", text).map(Ack)
}

/// Whatever it is, binary too.
pub(crate) async fn to_all(io: SocketIo, args: Args) -> Result<Ack<()>, EmitError> {
    io.emit("told", args).map(Ack)
}

pub(crate) async fn to_all_of_custom(io: SocketIo, Data(text): Data<String>) -> Result<Ack<()>, EmitError> {
    io.of("/custom").emit("told", text).map(Ack)
}

/// Asks every socket, and gives all answers.
pub(crate) async fn poll_all(io: SocketIo, Data(question): Data<Value>) -> Result<Ack<Vec<String>>, ClientError> {
    let everybody = io.of("/").timeout(Duration::from_secs(5));
    match everybody.emit_with_ack::<String>("question", question).await {
        Ok(mut answers) => {
            answers.sort();
            Ok(Ack(answers))
        }
        Err(error) => Err(ClientError::new(error.to_string())),
    }
}
