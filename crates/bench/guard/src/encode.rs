//! Packets out: from values to frames.

use std::hint::black_box;

use bytes::Bytes;
use pintle_proto::Encoded;

/// Events with a string of `length` bytes.
pub(crate) fn text(length: usize, units: usize) {
    let data = "x".repeat(length);
    for _ in 0..units {
        black_box(Encoded::event("/", None, "message", black_box(data.as_str())).expect("a string is JSON"));
    }
}

/// Events with an attachment of `length` bytes.
pub(crate) fn binary(length: usize, units: usize) {
    let data = Bytes::from(vec![1; length]);
    for _ in 0..units {
        black_box(Encoded::event("/", None, "message", black_box(&data)).expect("an attachment is data"));
    }
}
