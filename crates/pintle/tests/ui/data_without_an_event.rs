use pintle::{Data, Socket, check_handler};

async fn joined(_: Socket, _: Data<String>) {}

fn main() {
    check_handler!(on_connect: joined);
}
