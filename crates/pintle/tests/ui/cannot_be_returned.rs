use pintle::{Ack, EventRequest, Next, check_handler};

async fn number() -> u8 {
    1
}
async fn ack() -> Ack<u8> {
    Ack(1)
}
async fn around(_: EventRequest, _: Next) -> u8 {
    1
}

fn main() {
    check_handler!(on: number);
    check_handler!(on_connect: ack);
    check_handler!(middleware: number);
    check_handler!(dynamic_namespace: number);
    check_handler!(event_middleware: around);
    check_handler!(allow_request: async |_: http::Method| 1_u8);
}
