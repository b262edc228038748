use pintle::{Ack, Socket, check_handler};

fn chat_message(_: Socket) -> Ack<u8> {
    Ack(1)
}

fn main() {
    check_handler!(on: chat_message);
    check_handler!(on_connect: |_: Socket| ());
}
