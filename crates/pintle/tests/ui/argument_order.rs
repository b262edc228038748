use pintle::{Data, Socket, check_handler};

async fn chat_message(_: Data<String>, _: Socket) {}

fn main() {
    check_handler!(on: chat_message);
}
