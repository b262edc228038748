//! The example of the README, so that it keeps compiling.

#[doc = include_str!("../../../README.md")]
#[expect(dead_code, reason = "only its documentation matters")]
struct Readme;
