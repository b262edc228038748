//! Which case is done with which adapter.

use serde_json::json;

use crate::adapter::Adapter;
use crate::cluster::Plan;
use crate::{TOPOLOGIES, cases, run, tap};

/// Where Node's adapters would end, or hear nothing: they are not made for garbage, and that of PostgreSQL is deaf to its own
/// emitter.
const OURS: &[&str] = &["RR"];

fn custom() -> Plan {
    Plan { nsps: &["/", "/custom"], ..Plan::default() }
}

/// Node's adapter puts aside what has more bytes than this, and would lose what has 8,000.
fn threshold() -> Plan {
    Plan { options: json!({ "payloadThreshold": 7999 }), ..Plan::default() }
}

/// What all adapters can do, and what a suite has besides; a test each.
macro_rules! suites {
    ($($suite:ident: $adapter:ident { $($module:ident::$case:ident $(in $topologies:ident)? $(with $plan:expr)?),* $(,)? })*) => {
        $(mod $suite {
            use super::*;

            suites!(@all $adapter {
                acks::acknowledgements_of_a_room,
                acks::broadcasts_with_a_single_acknowledgement,
                acks::broadcasts_with_multiple_acknowledgements,
                acks::broadcasts_with_multiple_acknowledgements_binary_content,
                acks::broadcasts_with_multiple_acknowledgements_no_client,
                acks::broadcasts_with_multiple_acknowledgements_timeout,
                acks::many_acknowledgements_of_each_node,
                broadcasts::a_megabyte_arrives,
                broadcasts::a_socket_broadcasts_to_all_others,
                broadcasts::broadcasts_to_a_single_client,
                broadcasts::broadcasts_to_all_clients,
                broadcasts::broadcasts_to_all_clients_except_in_room,
                broadcasts::broadcasts_to_all_clients_in_a_namespace with custom,
                broadcasts::broadcasts_to_all_clients_in_a_room,
                broadcasts::broadcasts_to_all_clients_once,
                broadcasts::broadcasts_to_local_clients_only,
                broadcasts::events_arrive_in_order,
                broadcasts::rooms_may_have_any_name,
                broadcasts::volatile_and_compressed_events_arrive,
                data::data_of_any_kind_is_heard_alike,
                garbage::garbage_is_passed_over in OURS with cases::garbage::plan,
                garbage::nothing_that_is_said_ends_a_node with cases::garbage::plan,
                ours::our_emitter_moves_sockets with cases::emitters::plan,
                ours::our_emitter_reaches_servers with cases::emitters::plan,
                ours::our_emitter_reaches_sockets with cases::emitters::plan,
                servers::sends_an_event_and_receives_a_response_from_the_other_server_instances with cases::servers::plan,
                servers::sends_an_event_but_timeout_if_one_server_does_not_respond with cases::servers::plan,
                servers::sends_an_event_to_other_server_instances with cases::servers::plan,
                sockets::a_socket_that_was_fetched_is_reached,
                sockets::closes_the_connections_of_all_socket_instances,
                sockets::makes_all_socket_instances_disconnect,
                sockets::makes_all_socket_instances_join_the_specified_room,
                sockets::makes_all_socket_instances_leave_the_specified_room,
                sockets::makes_the_given_socket_instance_join_the_specified_room,
                sockets::makes_the_given_socket_instance_leave_the_specified_room,
                sockets::makes_the_matching_socket_instances_disconnect,
                sockets::makes_the_matching_socket_instances_join_the_specified_room,
                sockets::makes_the_matching_socket_instances_leave_the_specified_room,
                sockets::returns_a_single_socket_instance,
                sockets::returns_all_socket_instances,
                sockets::returns_only_local_socket_instances,
                sockets::sends_a_packet_before_all_socket_instances_disconnect,
                sockets::tells_all_of_a_socket,
                $($module::$case $(in $topologies)? $(with $plan)?,)*
            });

            #[test]
            fn what_crosses_the_wire_is_what_node_says() {
                tap::compare(Adapter::$adapter);
            }
        })*
    };
    (@all $adapter:ident { $($module:ident::$case:ident $(in $topologies:ident)? $(with $plan:expr)?,)* }) => {
        $(
            #[test]
            fn $case() {
                let case: crate::Case = |cluster| Box::pin(cases::$module::$case(cluster));
                run(Adapter::$adapter, suites!(@topologies $($topologies)?), suites!(@plan $($plan)?), case);
            }
        )*
    };
    (@topologies) => { TOPOLOGIES };
    (@topologies $topologies:ident) => { $topologies };
    (@plan) => { Plan::default };
    (@plan $plan:expr) => { $plan };
}

suites! {
    classic: Classic {
        broadcasts::broadcasts_to_a_numeric_room,
        emitters::an_emitter_broadcasts with cases::emitters::plan,
        emitters::an_emitter_broadcasts_in_a_namespace with cases::emitters::plan,
        emitters::an_emitter_disconnects_sockets with cases::emitters::plan,
        emitters::an_emitter_emits_to_servers with cases::emitters::plan,
        emitters::an_emitter_has_sockets_join_and_leave with cases::emitters::plan,
        presence::each_node_is_counted_once with cases::presence::plan,
        sockets::all_rooms_returns_all_rooms_across_several_nodes,
    }
    classic_specific: ClassicSpecific {
        sockets::all_rooms_returns_all_rooms_across_several_nodes,
    }
    sharded: Sharded {
        presence::each_node_is_counted_once with cases::presence::plan,
        servers::sends_bytes_to_other_server_instances with cases::servers::plan,
    }
    sharded_static: ShardedStatic {}
    sharded_private: ShardedPrivate {}
    streams: Streams {
        recovery::a_client_comes_back_to_another_node with cases::recovery::plan,
        recovery::a_client_comes_back_to_its_node with cases::recovery::plan,
        recovery::a_client_comes_back_once with cases::recovery::plan,
        recovery::who_is_unknown_does_not_come_back with cases::recovery::plan,
        recovery::what_was_trimmed_does_not_come_back with cases::recovery::short,
        presence::each_node_is_counted_once with cases::presence::plan,
        servers::sends_bytes_to_other_server_instances with cases::servers::plan,
    }
    postgres: Postgres {
        broadcasts::events_of_eight_thousand_bytes_arrive with threshold,
        emitters::an_emitter_broadcasts in OURS with cases::emitters::plan,
        emitters::an_emitter_broadcasts_in_a_namespace in OURS with cases::emitters::plan,
        emitters::an_emitter_disconnects_sockets in OURS with cases::emitters::plan,
        emitters::an_emitter_emits_to_servers in OURS with cases::emitters::plan,
        emitters::an_emitter_has_sockets_join_and_leave in OURS with cases::emitters::plan,
        servers::sends_bytes_to_other_server_instances with cases::servers::plan,
    }
}
