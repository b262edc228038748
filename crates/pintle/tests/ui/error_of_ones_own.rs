use pintle::{Ack, check_handler};

struct Muted;

async fn chat_message() -> Result<Ack<u8>, Muted> {
    Err(Muted)
}
async fn enter() -> Result<(), Muted> {
    Err(Muted)
}

fn main() {
    check_handler!(on: chat_message);
    check_handler!(middleware: enter);
}
