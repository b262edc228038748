//! Who may come back, and for how long.

use std::time::Duration;

use pintle::{Namespace, Socket, StateRecovery};
use pintle_tests::eventually;
use serde_json::json;

use crate::recovery::recovering;
use crate::stage::{BOTH, Stage, notes, realtime};

#[tokio::test]
async fn r_08_who_missed_more_than_is_kept_is_a_new_socket() {
    let Some(mut stage) = Stage::open(realtime().recovery(StateRecovery::new().max_packets(3))).await else { return };
    for (missed, recovers) in [(3, true), (4, false)] {
        stage.arrive(BOTH[1]).await;
        stage.io.emit("before", ()).expect("it is connected");
        stage.heard().await;
        stage.part().await;
        for number in 0..missed {
            stage.io.emit("missed", number).expect("it is kept");
        }
        assert_eq!(stage.back().await, recovers, "{missed}");
        let heard = stage.heard().await;
        assert_eq!(heard.as_array().map(Vec::len), Some(if recovers { 3 } else { 0 }));
        stage.run("kept.socket.disconnect()").await;
        stage.noticed().await;
    }
}

#[tokio::test]
async fn r_11_who_comes_too_late_is_a_new_socket() {
    let (told, mut heard) = notes();
    let recovery = StateRecovery::new().max_disconnection(Duration::from_millis(200));
    let realtime = realtime()
        .recovery(recovery)
        .on_connect(async move |socket: Socket| told.say((socket.is_recovered(), socket.rooms().len())));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let socket = stage.arrive(BOTH[1]).await;
    assert_eq!(heard.next().await, (false, 1));
    socket.join("room").expect("a room");
    let pid = stage.run("return kept.socket._pid").await;
    stage.part().await;
    stage.noticed().await;
    stage.io.emit("missed", 1).expect("for nobody");
    // How long it is away is the subject.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!stage.back().await);
    assert_eq!(heard.next().await, (false, 1));
    let now = stage.run("return [kept.socket.id, kept.socket._pid]").await;
    assert!(now[0] != *socket.id().as_str() && now[1] != pid, "{now}");
    assert_eq!(stage.heard().await, json!([]));
    assert!(socket.emit("late", ()).is_err_and(|error| error.is_disconnected()), "nobody will come back for it");
}

#[tokio::test]
async fn r_12_a_client_to_which_nobody_has_spoken_comes_back_all_the_same() {
    let Some(mut stage) = Stage::open(recovering()).await else { return };
    for ways in BOTH {
        stage.arrive(ways).await;
        stage.part().await;
        stage.io.emit("missed", 1).expect("it is kept");
        assert!(stage.back().await, "without a position of the client's");
        assert_eq!(stage.heard().await, json!([["missed", 1]]));
        stage.run("kept.socket.disconnect()").await;
        stage.noticed().await;
    }
}

#[tokio::test]
async fn r_12_a_quiet_client_of_a_busy_namespace_comes_back_all_the_same() {
    let Some(mut stage) = Stage::open(realtime().recovery(StateRecovery::new().max_packets(3))).await else { return };
    let socket = stage.arrive(BOTH[1]).await;
    socket.emit("before", ()).expect("it is connected");
    assert_eq!(stage.heard().await, json!([["before"]]));
    for number in 0..10 {
        stage.io.to("elsewhere").emit("not for it", number).expect("for nobody");
    }
    stage.part().await;
    stage.noticed().await;
    stage.io.emit("missed", 1).expect("it is kept");
    assert!(stage.back().await, "its position is kept no more, but it has missed nothing since");
    assert_eq!(stage.heard().await, json!([["missed", 1]]));
}

#[tokio::test]
async fn r_05_a_dynamic_namespace_stays_as_long_as_somebody_may_come_back() {
    let recovery = StateRecovery::new().max_disconnection(Duration::from_millis(700));
    let realtime = realtime().recovery(recovery).namespace("/tenant/{id}", Namespace::new());
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let tenant = stage.io.of("/tenant/a");
    let names = {
        let io = stage.io.clone();
        move || io.namespace_names().iter().any(|name| **name == *"/tenant/a")
    };
    assert!(!names());
    stage.console.over(BOTH[1]).run("kept.socket = await connect('/tenant/a')").await;
    assert!(names());
    stage.network.part();
    stage.run("await life(kept.socket)").await;
    eventually("the server to notice", || tenant.sockets().is_empty()).await;
    assert!(names(), "somebody may come back");
    tenant.emit("missed", 1).expect("it is kept");
    assert!(stage.back().await);
    assert_eq!(stage.run("return (await event(kept.socket)).slice(0, -1)").await, json!(["missed", 1]));

    stage.network.part();
    eventually("the namespace to go, when nobody comes back in time", || !names()).await;
    assert!(!stage.back().await);
    assert!(names());
    stage.run("kept.socket.disconnect()").await;
    eventually("the namespace to go with one that will not come back", || !names()).await;
}
