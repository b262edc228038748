use pintle::{Data, check_handler};

struct Message;

async fn chat_message(_: Data<Message>) {}

fn main() {
    check_handler!(on: chat_message);
}
