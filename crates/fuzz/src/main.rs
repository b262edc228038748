//! The fuzzer, where `cargo xtask fuzz` builds it; otherwise a program that tries files.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(init: pintle_fuzz::prepare(), |data: &[u8]| pintle_fuzz::chosen().run(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    pintle_fuzz::replay(std::env::args_os().skip(1))
}
