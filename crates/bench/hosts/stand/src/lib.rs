//! What the hosts of the benchmark in Rust have in common: allocator, runtime, listener and command line. What they differ in
//! is then what is measured.

mod host;
mod options;

pub use host::run;
pub use options::Options;
