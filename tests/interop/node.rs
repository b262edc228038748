//! `socket.io-client` under Node.js: each script over each way to travel.

use pintle_tests::{WAYS, node};

use crate::Host;
use crate::app::Times;

async fn over_each_transport(script: &str) {
    let host = Host::start(Times::CALM).await;
    for transports in WAYS {
        node(script, host.address(), &[("TRANSPORTS", transports)]).await;
    }
}

macro_rules! scripts {
    ($($name:ident: $script:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            over_each_transport($script).await;
        }
    )*};
}

scripts! {
    clients_connect_with_auth_and_are_rejected_with_data: "connect.mjs";
    events_carry_text_binary_and_many_arguments_both_ways: "events.mjs";
    acknowledgements_work_both_ways_and_time_out: "acks.mjs";
    rooms_decide_who_hears_an_event: "rooms.mjs";
    namespaces_share_one_connection: "namespaces.mjs";
    both_ends_learn_why_a_socket_left: "disconnects.mjs";
    a_client_comes_back_after_the_server_closed_the_transport: "reconnect.mjs";
    a_rest_route_emits_to_the_same_sockets: "rest.mjs";
    messages_may_be_large_up_to_the_limit: "large.mjs";
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_doubled_or_reordered_while_the_transport_upgrades() {
    let host = Host::start(Times::CALM).await;
    let seed = std::env::var("PINTLE_SEED").unwrap_or_default();
    node("stress.mjs", host.address(), &[("SEED", &seed)]).await;
}
