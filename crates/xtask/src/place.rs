//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::Result;

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The folder of what is built.
pub(crate) fn target() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    // Tests run elsewhere: what they are told must not depend on the folder they are in.
    std::path::absolute(target).map_err(|error| error.to_string())
}

/// A folder of ours among what is built; made if it is not there.
pub(crate) fn made(name: &str) -> Result<PathBuf> {
    let folder = target()?.join("xtask").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// The interoperability tests, with the npm and Python packages they name.
pub(crate) fn interop() -> PathBuf {
    root().join("tests").join("interop")
}

/// The Autobahn cases, with the Python packages they name.
pub(crate) fn autobahn() -> PathBuf {
    root().join("tests").join("autobahn")
}

/// The hosts of the benchmark that are scripts, with the npm packages they name.
pub(crate) fn bench_scripts() -> PathBuf {
    root().join("crates").join("bench").join("hosts").join("node")
}

/// The cargo that runs us, or the one in the path.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Cargo for this workspace, optimised, in the folder that the user is in: that is where a path of the command line is meant
/// from.
pub(crate) fn released(command: &str) -> Command {
    let mut released = Command::new(cargo());
    released.arg(command).arg("--release").arg("--manifest-path").arg(root().join("Cargo.toml"));
    released
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
