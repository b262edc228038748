//! Without the macro: every method that takes a handler names it.

use pintle::{Namespace, SocketIoLayer};

async fn wrong(_: String) {}

fn main() {
    let _ = Namespace::<()>::new().on("event", wrong);
    let _ = Namespace::<()>::new().on_connect(wrong);
    let _ = Namespace::<()>::new().on_disconnect(wrong);
    let _ = Namespace::<()>::new().on_error(wrong);
    let _ = Namespace::<()>::new().middleware(wrong);
    let _ = Namespace::<()>::new().event_middleware(wrong);
    let _ = Namespace::<()>::new().on_server_event("event", wrong);
    let _ = SocketIoLayer::<()>::new().dynamic_namespace(wrong, Namespace::new());
    let _ = SocketIoLayer::<()>::new().allow_request(wrong);
}
