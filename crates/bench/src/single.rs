//! One work, with a host that runs already.

use std::io;

use crate::options::Single;
use crate::report;
use crate::results::{Cell, Row};
use crate::works::{Feature, Target};
use bench_load::Process;

/// Does the work, and tells what came of it.
pub(crate) fn run(single: &Single) -> io::Result<()> {
    let target = Target { address: single.address, process: Process::of(single.process)?, features: Feature::ALL };
    let figures = single.work.measure(&target, &single.effort)?;
    let mut cell = Cell::new("it");
    cell.add(Ok(figures));
    let mut row = Row::new(single.work);
    row.cells.push(cell);
    println!("{}: {}\n{}", single.work.name, single.work.what, report::table(&row).plain());
    Ok(())
}
