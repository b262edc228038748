use pintle::{AckSender, DisconnectReason, Event, HandlerError, Socket, check_handler};

async fn reason(_: DisconnectReason, _: Socket) {}
async fn reason_last(_: Socket, _: DisconnectReason) {}
async fn event(_: Socket, _: Event) {}
async fn ack(_: AckSender) {}
async fn error(_: HandlerError) {}

fn main() {
    check_handler!(on: reason);
    check_handler!(on: reason_last);
    check_handler!(on_connect: event);
    check_handler!(on_connect: ack);
    check_handler!(on_disconnect: error);
    check_handler!(middleware: error);
}
