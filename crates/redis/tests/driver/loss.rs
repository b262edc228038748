//! Redis goes away, and comes back.
