//! Pictures of results, as SVG. They are legible on light and on dark pages.

mod bars;
mod lines;
mod pictures;
mod svg;

pub(crate) use pictures::pictures;
