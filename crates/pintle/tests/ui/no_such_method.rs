use pintle::check_handler;

async fn bye() {}

fn main() {
    check_handler!(on_disconect: bye);
}
