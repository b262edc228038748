//! Socket.IO on `/socket.io/`: the namespaces and events of the Socket.IO suite.

use pintle::{Ack, Args, Auth, EmitError, Namespace, Socket, SocketIoLayer};
use serde_json::Value;

use crate::Times;
use crate::app::MAX_PAYLOAD;

pub(crate) fn layer(times: Times) -> SocketIoLayer {
    SocketIoLayer::new()
        .path("/socket.io")
        .ping_interval(times.ping_interval)
        .ping_timeout(times.ping_timeout)
        .upgrade_timeout(times.upgrade_timeout)
        .max_payload(MAX_PAYLOAD)
        .connect_timeout(times.connect_timeout)
        .any_origin()
        .on_connect(tell_auth)
        .on("message", message)
        .on("message-with-ack", message_with_ack)
        .namespace("/custom", Namespace::new().on_connect(tell_auth))
}

/// What the client said when it joined, told back to it.
async fn tell_auth(socket: Socket, Auth(auth): Auth<Value>) -> Result<(), EmitError> {
    socket.emit("auth", auth)
}

async fn message(socket: Socket, args: Args) -> Result<(), EmitError> {
    socket.emit("message-back", args)
}

async fn message_with_ack(args: Args) -> Ack<Args> {
    Ack(args)
}
