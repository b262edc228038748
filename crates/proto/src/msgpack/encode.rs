//! Writing MessagePack.

use rmp::encode::{self, ByteBuf};
use serde_json::Number;

use crate::value::{MAX_SAFE_INTEGER, Value};

/// Whose bytes they are to be. All understand both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// notepack.io: of the classic adapter, its emitter, and the MessagePack parser.
    Notepack,
    /// @msgpack/msgpack: of the adapters for Redis Streams and PostgreSQL. Integers that JavaScript cannot tell apart are
    /// floating-point numbers.
    Msgpack,
}

/// Appends a value.
pub fn encode(value: &Value, flavour: Flavour, out: &mut Vec<u8>) {
    let mut buffer = ByteBuf::from_vec(std::mem::take(out));
    write(value, flavour, &mut buffer);
    *out = buffer.into_vec();
}

fn write(value: &Value, flavour: Flavour, out: &mut ByteBuf) {
    let written = match value {
        Value::Null => encode::write_nil(out),
        Value::Bool(value) => encode::write_bool(out, *value),
        Value::Number(number) => return write_number(number, flavour, out),
        Value::String(text) => return infallible(encode::write_str(out, text)),
        Value::Bytes(bytes) => return infallible(encode::write_bin(out, bytes)),
        Value::Array(values) => {
            infallible(encode::write_array_len(out, length(values.len())));
            return values.iter().for_each(|value| write(value, flavour, out));
        }
        Value::Object(entries) => {
            infallible(encode::write_map_len(out, length(entries.len())));
            for (key, value) in entries {
                infallible(encode::write_str(out, key));
                write(value, flavour, out);
            }
            return;
        }
    };
    infallible(written);
}

fn write_number(number: &Number, flavour: Flavour, out: &mut ByteBuf) {
    if let Some(value) = number.as_u64().filter(|value| flavour.counts(*value)) {
        return infallible(encode::write_uint(out, value));
    }
    if let Some(value) = number.as_i64().filter(|value| flavour.counts(value.unsigned_abs())) {
        return infallible(encode::write_sint(out, value));
    }
    // What has no fraction is an integer to JavaScript, however it was written.
    let value = number.as_f64().unwrap_or(f64::NAN);
    let whole = value.fract() == 0.0 && flavour.counts(value.abs() as u64);
    match value {
        0.0..TOO_LARGE if whole => infallible(encode::write_uint(out, value as u64)),
        LEAST..0.0 if whole => infallible(encode::write_sint(out, value as i64)),
        _ => infallible(encode::write_f64(out, value)),
    }
}

/// 2^64.
const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;
/// -2^63.
const LEAST: f64 = i64::MIN as f64;

impl Flavour {
    /// Whether an integer of this size is written as one.
    const fn counts(self, size: u64) -> bool {
        matches!(self, Self::Notepack) || size <= MAX_SAFE_INTEGER
    }
}

/// What is longer than MessagePack can say does not fit into the memory either.
fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a length of 32 bits")
}

/// Writing to memory does not fail.
fn infallible<T, E: std::fmt::Debug>(written: Result<T, E>) {
    written.expect("memory takes all that is written");
}
