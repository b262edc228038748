//! Packages of Python, in a virtual environment among what is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, place, process};

/// Installs what `requirements` names, unless it is here, and returns the Python that finds it.
pub(crate) fn environment(python: &Path, requirements: &Path) -> Result<PathBuf> {
    let wanted = place::read(requirements)?;
    let folder = place::made("venv")?;
    let own = if cfg!(windows) { folder.join("Scripts").join("python.exe") } else { folder.join("bin").join("python") };
    let stamp = folder.join(".installed");
    if own.is_file() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(own);
    }
    println!("pip install -r {}", requirements.display());
    process::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut install = Command::new(&own);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    process::run(&mut install)?;
    place::write(&stamp, &wanted)?;
    Ok(own)
}
