use pintle::{Data, Namespace, Socket, check_handler};

async fn reload(_: Socket, _: Data<String>) {}

fn main() {
    check_handler!(on_server_event: reload);
    check_handler!(on_server_event: async || 1);
    let _ = Namespace::<()>::new().on_server_event("reload", reload);
}
