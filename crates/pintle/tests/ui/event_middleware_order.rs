use pintle::{EventRequest, EventResponse, Next, check_handler};

async fn log(next: Next, event: EventRequest) -> EventResponse {
    next.run(event).await
}

fn main() {
    check_handler!(event_middleware: log);
}
