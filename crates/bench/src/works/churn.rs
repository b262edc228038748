//! `churn`: a hundred connections join rooms and leave them.

use std::io;

use crate::works::echo::{self, Exchange, TALKERS};
use crate::works::rooms::{self, ACKNOWLEDGED};
use crate::works::{Effort, Figures, Target, arrival};

const ROOMS: usize = 1_000;

/// Each joins one room after another, and leaves it at once. All are acknowledged.
pub(super) fn churn(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let asked = |event, room| bench_load::text(&format!(r#"421["{event}",["{}"]]"#, rooms::name(room)));
    let asked: Vec<_> = (0..ROOMS).flat_map(|room| ["join", "leave"].map(|event| asked(event, room))).collect();
    let mut crowd = arrival::connect(target, TALKERS)?;
    echo::measure(target, effort, &mut crowd, vec![Exchange::in_turn(&asked, ACKNOWLEDGED.map(str::to_owned).into())])
}
