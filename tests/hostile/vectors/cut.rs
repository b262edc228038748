//! How bytes are cut into the pieces in which they arrive.

use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;

/// More bytes than this are only cut somewhere.
const FEW: usize = 4096;

/// How bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// In one piece.
    Whole,
    /// Each by itself.
    Bytewise,
    /// In pieces of any length, other ones each time. `PINTLE_SEED` repeats a run, by the seed that it failed with.
    Anywhere { seed: u64 },
}

impl Cut {
    /// The ways in which so many bytes are sent: what is large takes long, and has few secrets.
    pub(super) fn ways(bytes: usize) -> &'static [Self] {
        static ALL: LazyLock<[Cut; 3]> = LazyLock::new(|| {
            let seed = match env::var("PINTLE_SEED") {
                Ok(seed) => seed.parse().expect("PINTLE_SEED is a number"),
                Err(_) => RandomState::new().hash_one(0),
            };
            [Cut::Anywhere { seed }, Cut::Whole, Cut::Bytewise]
        });
        if bytes <= FEW { &*ALL } else { &ALL[..1] }
    }

    pub(super) fn pieces(self, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![bytes],
            Self::Bytewise => bytes.chunks(1).collect(),
            Self::Anywhere { seed } => anywhere(seed, bytes),
        }
    }
}

fn anywhere(seed: u64, mut bytes: &[u8]) -> Vec<&[u8]> {
    // Short pieces of short vectors, long pieces of long ones.
    let longest = (bytes.len() / 8).max(3) as u64;
    let mut random = Random(seed);
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let length = 1 + random.next() % longest;
        let (piece, rest) = bytes.split_at(bytes.len().min(length as usize));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// SplitMix64: any numbers will do, as long as they are the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
