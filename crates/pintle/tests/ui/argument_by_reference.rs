use pintle::{Socket, check_handler};

async fn joined(_: &Socket) {}

fn main() {
    check_handler!(on_connect: joined);
}
