use std::rc::Rc;

use pintle::check_handler;

fn main() {
    let count = Rc::new(1);
    let _ = check_handler!(on: move || {
        let _ = &count;
        async {}
    });
}
