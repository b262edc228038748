use std::rc::Rc;
use std::sync::Mutex;

use pintle::check_handler;

static COUNT: Mutex<u32> = Mutex::new(0);

async fn something() {}

async fn counts() {
    let count = Rc::new(1);
    something().await;
    drop(count);
}

async fn locks() {
    let mut count = COUNT.lock().unwrap();
    something().await;
    *count += 1;
}

fn main() {
    check_handler!(on: counts);
    check_handler!(on_connect: locks);
}
