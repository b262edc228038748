//! What the vectors of hostile bytes cost the server, counted at the allocator: in proportion to what was sent while it runs,
//! and nothing afterwards.
//!
//! The clients are blocking sockets of this thread with buffers that are there beforehand, so all that is counted is the
//! server's. No clock is asked: what takes time without end asks for memory, or for many small pieces of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attacker;
mod heap;
mod server;

use std::sync::{Mutex, PoisonError};

use attacker::{Attack, Attacker};
use heap::Heap;
use pintle_tests::Packet;
use pintle_tests::vectors::Catalogue;

/// How often all of it is sent.
const ROUNDS: usize = 3;
/// What may be allocated after the last round and was not after the second, whoever did it: tables that chance has let grow.
/// Hundreds of sessions end in a round, so if each left only its id, that would be more.
const SLACK: usize = 8 * 1024;
/// The bytes that a vector may ask for altogether: for each byte of it, for each packet, and what a connection asks for.
const FOR_A_BYTE: usize = 8;
/// The JSON of a packet with attachments is read into a tree, in which a number of one digit takes as much as any: when it
/// has come, and when it is sent on.
const FOR_A_BYTE_OF_A_TREE: usize = 48;
const FOR_A_PACKET: usize = 600;
const ANYWAY: usize = 64 * 1024;
/// The same in pieces.
const PIECES_FOR_A_PACKET: usize = 10;
const PIECES_ANYWAY: usize = 200;

/// What is counted is everybody's.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_vector_costs_what_its_bytes_cost_and_leaves_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut attacker = Attacker::new(server::start());
    let mut attacks: Vec<_> = Catalogue::get()
        .vectors()
        .flat_map(|vector| Attack::each(vector).into_iter().map(move |attack| (vector, attack)))
        .collect();
    let mut live = Vec::new();
    for round in 0..ROUNDS {
        let mut wrong = Vec::with_capacity(attacks.len());
        for (vector, attack) in &mut attacks {
            let asked = attacker.attack(attack);
            let (sent, packets) = (attack.len(), attack.packets());
            let for_a_byte = if attack.has_attachments() { FOR_A_BYTE_OF_A_TREE } else { FOR_A_BYTE };
            let most =
                (for_a_byte * sent + FOR_A_PACKET * packets + ANYWAY, PIECES_FOR_A_PACKET * packets + PIECES_ANYWAY);
            if asked.bytes() > most.0 || asked.pieces() > most.1 {
                wrong.push(format!("{}: {asked:?} for {sent} bytes in {packets} packets", vector.id));
            }
        }
        // What is made once is made on the account of whoever came first.
        assert!(round == 0 || wrong.is_empty(), "{}", wrong.join("\n"));
        live.push(Heap::settled().live());
    }
    assert!(live[ROUNDS - 1] <= live[1] + SLACK, "something stays, round by round: {live:?} bytes");
}

/// Handlers may be slow, and 64 of a connection may wait.
#[test]
fn h117_arguments_that_are_held_take_what_their_text_takes() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut attacker = Attacker::new(server::start());
    let numbers = ",1".repeat(499_900);
    let text = Packet::Text(format!("42[\"hold\"{numbers}]"));
    let binary = [Packet::Text(format!("451-[\"hold\"{numbers}]")), Packet::Binary(vec![1])];
    for (packets, sent) in [(vec![text; 4], 4_000_000), (vec![binary; 4].concat(), 4_000_000)] {
        let held = attacker.fill_up(&packets);
        assert!(held < sent + sent / 4, "{held} bytes are held of {sent}");
    }
}
