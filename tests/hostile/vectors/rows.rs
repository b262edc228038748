//! A test for each row that has vectors.

use std::collections::BTreeSet;

use pintle_tests::vectors::Catalogue;

use super::wire;

/// Makes a test of each name, which begins with the id of the row.
macro_rules! rows {
    ($($name:ident;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[tokio::test]
        async fn $name() {
            wire::judge(&id_of(stringify!($name))).await;
        })*
    };
}

rows! {
    a03_an_event_named_error_is_an_event;
    a04_tiny_packets_are_taken_up_to_the_limit_of_a_body;
    a05_ids_counts_and_names_have_an_end;
    a06_what_is_no_frame_ends_the_websocket;
    a08_what_every_object_has_is_no_transport;
    a09_a_placeholder_must_name_an_attachment;
    a10_the_name_of_an_event_is_a_string_or_a_number;
    a11_attachments_are_limited_in_number;
    a13_the_version_is_that_of_the_session;
    a15_a_binary_packet_has_attachments;
    a16_half_a_packet_goes_with_its_connection;
    a30_only_what_was_sent_comes_back;
    a31_a_message_is_limited_in_size;
    a32_no_extension_is_agreed_to;
    a33_subprotocols_are_read_in_no_time;
    a35_a_message_is_limited_in_pieces;
    a36_pongs_do_not_pile_up;
    a40_attachments_are_limited_together;
    a41_nested_messagepack_is_not_read;
    a42_lengths_of_messagepack_are_not_believed;
    a43_long_characters_are_no_digits;
    a45_an_unknown_session_is_not_opened;
    a46_base64_is_no_message;
    a51_an_announced_length_allocates_nothing;
    a61_an_unasked_pong_changes_nothing;
    a63_who_has_joined_nothing_sends_no_attachments;
    a66_an_event_may_have_an_empty_name;
    a67_lengths_of_frames_do_not_overflow;
    a69_packets_carry_what_they_must;
    h001_a_query_that_says_nothing_names_no_transport;
    h002_only_version_4_is_spoken;
    h003_an_unknown_transport_is_refused;
    h005_a_session_opens_with_a_get;
    h006_a_preflight_opens_no_session;
    h007_an_unknown_session_is_refused;
    h008_the_last_of_several_parameters_counts;
    h009_percent_signs_are_read_as_browsers_write_them;
    h012_a_websocket_must_be_asked_for;
    h013_long_polling_is_no_websocket;
    h044_half_a_million_packets_are_handled;
    h052_between_separators_there_is_a_packet;
    h053_an_unknown_type_ends_the_session;
    h054_what_only_servers_send_is_ignored;
    h055_clients_do_not_ask_for_heartbeats;
    h056_text_is_utf_8;
    h057_text_does_not_change;
    h058_base64_is_read_or_refused;
    h064_after_a_close_nothing_counts;
    h070_frames_are_masked;
    h071_reserved_bits_end_the_session;
    h072_reserved_opcodes_end_the_session;
    h073_control_frames_are_whole_and_short;
    h074_lengths_are_written_shortest;
    h075_the_header_proves_that_it_is_too_much;
    h076_fragments_have_an_end;
    h077_fragments_keep_their_order;
    h078_fragments_are_utf_8_together;
    h079_close_frames_are_answered;
    h080_after_a_close_frame_nothing_counts;
    h083_pings_are_answered_and_pongs_ignored;
    h084_an_empty_message_is_no_packet;
    h085a_binary_must_be_announced;
    h085b_packets_in_one_segment_are_all_heard;
    h085d_compression_is_not_agreed_to;
    h110_an_unknown_type_of_packet_closes;
    h111_a_connect_error_closes;
    h112_an_event_has_data;
    h113_an_id_is_a_number_that_javascript_can_count_to;
    h114_an_unknown_acknowledgement_is_ignored;
    h115_what_is_no_json_closes;
    h116_json_is_limited_in_depth;
    h117_a_megabyte_of_arguments_is_heard;
    h118_nobody_is_heard_before_he_is_in;
    h119_a_stranger_to_a_namespace_is_closed;
    h120_a_second_connect_makes_no_second_socket;
    h121_credentials_are_an_object;
    h122_a_namespace_is_exactly_its_name;
    h123_unknown_namespaces_are_refused_one_by_one;
    h124_joining_and_leaving_leaves_nothing;
    h125_attachments_are_waited_for;
    h126_text_between_attachments_closes;
    h127_placeholders_and_attachments_must_match;
    h128_binary_packets_come_one_after_another;
    h129_a_namespace_is_left_once;
    h130_the_old_protocol_is_refused;
    h131_messagepack_is_refused;
    h132_reserved_events_close;
}

/// The id of a row, as the catalogue writes it: `A05` or `H-085a`.
fn id_of(name: &str) -> String {
    let (id, _) = name.split_once('_').expect("a name begins with an id");
    match id.strip_prefix('h') {
        Some(number) => format!("H-{number}"),
        None => id.to_uppercase(),
    }
}

#[test]
fn every_row_has_a_test_and_every_test_a_row() {
    let catalogue = Catalogue::get();
    let rows: BTreeSet<String> = catalogue.rows.iter().map(|row| row.id.clone()).collect();
    let tests: BTreeSet<String> = NAMES.iter().map(|name| id_of(name)).collect();
    assert_eq!(rows.len(), catalogue.rows.len(), "a row is there twice");
    assert_eq!(rows, tests);
    for row in &catalogue.rows {
        assert!(!row.vectors.is_empty(), "{} has no vectors", row.id);
        assert!(!catalogue.elsewhere.contains_key(&row.id), "{} is here and elsewhere", row.id);
    }
}

/// The sections of docs/SECURITY.md whose rows are bytes: their first and last numbers.
const ADVISORIES: [(u32, u32); 4] = [(3, 16), (30, 38), (40, 57), (61, 70)];
const SITUATIONS: [(u32, u32); 5] = [(1, 9), (44, 44), (52, 58), (64, 64), (70, 84)];
const LETTERED: [&str; 4] = ["H-085a", "H-085b", "H-085c", "H-085d"];
const PACKETS: (u32, u32) = (110, 132);

#[test]
fn every_row_of_bytes_has_vectors_or_a_reason() {
    let catalogue = Catalogue::get();
    let numbers = |ranges: &[(u32, u32)]| ranges.iter().flat_map(|&(first, last)| first..=last).collect::<Vec<_>>();
    let advisories = numbers(&ADVISORIES).into_iter().map(|number| format!("A{number:02}"));
    let situations = numbers(&SITUATIONS).into_iter().chain(numbers(&[PACKETS])).map(|number| format!("H-{number:03}"));
    let missing: Vec<_> = advisories
        .chain(situations)
        .chain(LETTERED.map(str::to_owned))
        .filter(|id| catalogue.row(id).is_none() && !catalogue.elsewhere.contains_key(id))
        .collect();
    assert!(missing.is_empty(), "neither vectors nor a reason: {missing:?}");
}
