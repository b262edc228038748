use pintle::{Event, check_handler};

type E = Event;

async fn thirteen(_: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E, _: E) {}

fn main() {
    check_handler!(on: thirteen);
}
