use pintle::{Socket, check_handler};

async fn chat_message(_: Socket, _: String) {}

fn main() {
    check_handler!(on: chat_message);
    check_handler!(on_connect: chat_message);
    check_handler!(allow_request: async |_: Socket| true);
}
