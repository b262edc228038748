//! Packages of Python, among what is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, place, process};

/// Installs what `requirements` names into a virtual environment, unless it is here, and returns the Python that finds it.
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

/// The same for Python 2.7, which knows no virtual environments: returns what `PYTHONUSERBASE` has to be for it.
pub(crate) fn user_base(python: &Path, requirements: &Path, name: &str) -> Result<PathBuf> {
    let wanted = place::read(requirements)?;
    let folder = place::made(name)?;
    let stamp = folder.join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    println!("pip install -r {}", requirements.display());
    // What an older list has left is not in the way of the new one.
    fs::remove_dir_all(&folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    let mut install = Command::new(python);
    install.env("PYTHONUSERBASE", &folder).args(["-m", "pip", "install", "--user", "--ignore-installed"]);
    install.args(["--quiet", "--disable-pip-version-check", "--no-warn-script-location", "-r"]).arg(requirements);
    process::run(&mut install)?;
    place::write(&stamp, &wanted)?;
    Ok(folder)
}
