use axum::extract::State;
use pintle::{Data, check_handler};

#[derive(Clone)]
struct App;

#[derive(Clone)]
struct Database;

async fn chat_message(_: State<Database>, _: Data<String>) {}
async fn bye(_: State<Database>) {}

fn main() {
    check_handler!(on: chat_message);
    check_handler!(on: bye, state: App);
}
