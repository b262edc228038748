//! Mistakes in a declaration: they say what is wrong, there and then.

use pintle::{Namespace, SocketIoLayer};

async fn nothing() {}

fn used() -> SocketIoLayer {
    let layer: SocketIoLayer = SocketIoLayer::new();
    drop(layer.io());
    layer
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn an_event_on_a_used_layer() {
    let _ = used().on("event", nothing);
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn a_namespace_on_a_used_layer() {
    let _ = used().namespace("/a", Namespace::new());
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn a_setting_on_a_used_layer() {
    let _ = used().max_running(1);
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn a_limit_on_a_used_layer() {
    let _ = used().max_payload(1000);
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn a_state_on_a_used_layer() {
    drop(used().with_state(()));
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn an_event_on_a_cloned_layer() {
    let layer: SocketIoLayer = SocketIoLayer::new();
    let _clone = layer.clone();
    let _ = layer.on("event", nothing);
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn a_state_on_a_cloned_layer() {
    let layer = SocketIoLayer::<u8>::new();
    let _clone = layer.clone();
    drop(layer.with_state(1));
}

#[test]
#[should_panic(expected = "must be configured before it is cloned or used")]
fn an_event_on_a_layer_that_is_around_an_app() {
    let layer: SocketIoLayer = SocketIoLayer::new();
    let _app: axum::Router = axum::Router::new().layer(layer.clone());
    let _ = layer.on("event", nothing);
}

#[test]
#[should_panic(expected = "the path of a Socket.IO server must not be empty")]
fn an_empty_path() {
    let _: SocketIoLayer = SocketIoLayer::new().path("");
}

#[test]
#[should_panic(expected = "the path of a Socket.IO server must not be empty")]
fn a_path_of_nothing_but_a_slash() {
    let _: SocketIoLayer = SocketIoLayer::new().path("/");
}

#[test]
#[should_panic(expected = "two parameters are called `id`")]
fn a_pattern_that_is_none() {
    let _: SocketIoLayer = SocketIoLayer::new().namespace("/tenant/{id}/{id}", Namespace::new());
}

#[test]
#[should_panic(expected = "is declared already")]
fn a_pattern_that_there_is_already() {
    let layer: SocketIoLayer = SocketIoLayer::new().namespace("/tenant/{id}", Namespace::new());
    let _ = layer.namespace("tenant/{id}", Namespace::new());
}

#[test]
#[should_panic(expected = "is declared already")]
fn a_namespace_that_there_is_already() {
    let _: SocketIoLayer = SocketIoLayer::new().namespace("/a", Namespace::new()).namespace("a", Namespace::new());
}

#[test]
#[should_panic(expected = "to let in all there is any_origin")]
fn a_star_for_an_origin() {
    let _: SocketIoLayer = SocketIoLayer::new().origins(["*"]);
}

#[test]
#[should_panic(expected = "is no origin")]
fn an_address_for_an_origin() {
    let _: SocketIoLayer = SocketIoLayer::new().origins(["https://chat.example/"]);
}

#[test]
#[should_panic(expected = "has a handler already")]
fn a_second_handler_of_an_event() {
    let _: SocketIoLayer = SocketIoLayer::new().on("event", nothing).on("event", nothing);
}

#[test]
#[should_panic(expected = "is a reserved event name")]
fn a_handler_of_a_reserved_event() {
    let _: SocketIoLayer = SocketIoLayer::new().on("disconnect", nothing);
}

#[test]
#[should_panic(expected = "the server event \"event\" has a handler already")]
fn a_second_handler_of_a_server_event() {
    let _: SocketIoLayer = SocketIoLayer::new().on_server_event("event", nothing).on_server_event("event", nothing);
}

#[test]
#[should_panic(expected = "is a reserved event name among servers")]
fn a_handler_of_a_reserved_server_event() {
    let _: SocketIoLayer = SocketIoLayer::new().on_server_event("new_namespace", nothing);
}

/// Among servers it is a name like any other.
#[test]
fn a_handler_of_an_event_and_of_a_server_event_of_the_same_name() {
    let layer: SocketIoLayer = SocketIoLayer::new().on("event", nothing).on_server_event("event", nothing);
    let _ = layer.on_server_event("disconnect", nothing);
}
