//! The events: what a socket may ask, and who hears of it.

use axum::Extension;
use axum::extract::State;
use bytes::Bytes;
use pintle::{Ack, Auth, Data, EmitError, HandlerError, Socket, SocketIo, SocketIoLayer};

use crate::error::ChatError;
use crate::message::{Draft, Join, Joined, Leave, People, PictureOf, Posted, Types, Typing, Who};
use crate::state::Chat;

pub(crate) fn layer(chat: Chat) -> SocketIoLayer {
    SocketIoLayer::new()
        .middleware(admit)
        .on_connect(enter)
        .on_disconnect(exit)
        .on("join", join)
        .on("leave", leave)
        .on("message", message)
        .on("picture", picture)
        .on("typing", typing)
        .on_error(log)
        .with_state(chat)
}

/// Says no to a name that is not one, or is taken, before the socket is connected: the page gets a `connect_error`. Who it
/// is, the handlers get with `Extension`.
async fn admit(socket: Socket, State(chat): State<Chat>, Auth(who): Auth<Who>) -> Result<(), ChatError> {
    chat.admit(&who)?;
    socket.set_extension(who);
    Ok(())
}

async fn enter(
    socket: Socket,
    io: SocketIo,
    State(chat): State<Chat>,
    Extension(who): Extension<Who>,
) -> Result<(), EmitError> {
    // The name was free a moment ago; two may have asked for it at the same time.
    if chat.enter(socket.id(), who).is_err() {
        socket.disconnect();
        return Ok(());
    }
    tell_rooms(&io, &chat)
}

async fn exit(socket: Socket, io: SocketIo, State(chat): State<Chat>) -> Result<(), EmitError> {
    for room in chat.exit(socket.id()) {
        tell_people(&io, &chat, room)?;
    }
    tell_rooms(&io, &chat)
}

async fn join(
    socket: Socket,
    io: SocketIo,
    State(chat): State<Chat>,
    Data(Join { room, after }): Data<Join>,
) -> Result<Ack<Joined>, ChatError> {
    chat.open(&room)?;
    // Into the room first, then its history: what is said in between comes twice rather than never, and a page knows it
    // by its id.
    socket.join(&room)?;
    let joined = chat.join(socket.id(), &room, after)?;
    tell_people(&io, &chat, room)?;
    tell_rooms(&io, &chat)?;
    Ok(Ack(joined))
}

async fn leave(
    socket: Socket,
    io: SocketIo,
    State(chat): State<Chat>,
    Data(Leave { room }): Data<Leave>,
) -> Result<Ack<()>, ChatError> {
    socket.leave(&room);
    chat.leave(socket.id(), &room);
    tell_people(&io, &chat, room)?;
    tell_rooms(&io, &chat)?;
    Ok(Ack(()))
}

async fn message(socket: Socket, State(chat): State<Chat>, Data(draft): Data<Draft>) -> Result<Ack<Posted>, ChatError> {
    let (posted, fresh) = chat.post(socket.id(), draft)?;
    if let Some(message) = fresh {
        socket.to(&message.room).emit("message", &message)?;
    }
    Ok(Ack(posted))
}

async fn picture(
    socket: Socket,
    State(chat): State<Chat>,
    Data(PictureOf { room, id }): Data<PictureOf>,
) -> Result<Ack<Bytes>, ChatError> {
    Ok(Ack(chat.picture(socket.id(), &room, id)?))
}

async fn typing(
    socket: Socket,
    Extension(who): Extension<Who>,
    Data(Typing { room, typing }): Data<Typing>,
) -> Result<(), ChatError> {
    if !socket.is_in(&room) {
        return Err(ChatError::NotInRoom);
    }
    // Volatile: who is too slow to hear it now need not hear it later.
    let others = socket.to(&room).volatile();
    others.emit("typing", &Types { room: &room, nickname: &who.nickname, typing })?;
    Ok(())
}

/// Whatever does not end well, in one place. A page has a hand in what an error says: it is quoted.
async fn log(socket: Socket, error: HandlerError) {
    tracing::info!(socket = %socket.id(), event = error.event(), error = ?error.to_string(), "refused");
}

fn tell_people(io: &SocketIo, chat: &Chat, room: String) -> Result<(), EmitError> {
    let people = People { people: chat.people_in(&room), room };
    io.to(&people.room).emit("people", &people)
}

/// Tells everyone the rooms. With thousands online one would say what changed instead, or say it less often.
fn tell_rooms(io: &SocketIo, chat: &Chat) -> Result<(), EmitError> {
    io.emit("rooms", chat.directory())
}
