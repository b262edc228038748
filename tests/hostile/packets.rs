//! Socket.IO packets that no client should send.

use pintle_tests::{Client, Transport};

use crate::scene::{Scene, realtime};

#[tokio::test]
async fn a03_an_event_named_error_without_a_handler_is_an_event_like_any_other() {
    let scene = Scene::set(realtime()).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::join(endpoint, transport).await;
            for packet in [r#"42["error"]"#, r#"42["error",{"x":1}]"#, r#"421["error"]"#] {
                client.send(packet).await;
            }
            client.assert_open().await;
        };
        scene.elsewhere.run(attack).await;
    }
    scene.unharmed().await;
}
