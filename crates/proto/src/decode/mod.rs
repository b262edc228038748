//! Reading arguments: raw JSON or, when there are attachments, a tree.

mod arguments;
mod scan;
mod text;
mod tree;

pub(crate) use arguments::Arguments;
pub use text::mended;
pub(crate) use text::{Text, WHITESPACE, check};
pub(crate) use tree::Tree;
