//! All figures.

use std::io;

use crate::figure::Figures;
use crate::figures::{costly, exact, idle, others, payload, shutdown, soak, storm};
use crate::options::Effort;

/// The ids, and what measures them.
type Measure = fn(&Effort) -> io::Result<Figures>;

/// In the order in which they are measured.
pub(crate) const FIGURES: &[(&str, Measure)] = &[
    ("F1", idle::held),
    ("F10", storm::storm),
    ("F14", others::under_attack),
    ("F15", others::beside_the_slow),
    ("F16", payload::largest),
    ("F17", exact::exact),
    ("F18", soak::soak),
    ("F19", shutdown::shutdown),
    ("F20", idle::heartbeats),
    ("F22", costly::costly),
];
