//! Packages of npm.

use std::fs;
use std::path::{Path, PathBuf};

use crate::process;
use crate::programs::beside;
use crate::{Result, place};

/// The official browser client, as the chat's page wants it.
const CLIENT: &str = "socket.io-client";
const CLIENT_VERSION: &str = "4.8.4";

/// Words less, and nothing asked of the registry but the packages.
const QUIET: [&str; 3] = ["--loglevel=error", "--no-audit", "--no-fund"];

/// Fetches the browser client, unless it is here, and returns the folder with its files.
pub(crate) fn browser_client(npm: &Path) -> Result<PathBuf> {
    let folder = place::made("demo-client")?;
    let client = folder.join("node_modules").join(CLIENT);
    let dist = client.join("dist");
    let version = format!("\"version\": \"{CLIENT_VERSION}\"");
    let here = fs::read_to_string(client.join("package.json")).is_ok_and(|text| text.contains(&version));
    if here && dist.join("socket.io.esm.min.js").is_file() {
        return Ok(dist);
    }
    println!("fetching {CLIENT} {CLIENT_VERSION}");
    // Without a package.json of its own npm would look for one further up.
    place::write(&folder.join("package.json"), "{ \"private\": true }\n")?;
    let package = format!("{CLIENT}@{CLIENT_VERSION}");
    let mut install = beside(npm);
    install.current_dir(&folder).args(["install", "--no-save", "--ignore-scripts", &package]).args(QUIET);
    process::run(&mut install)?;
    Ok(dist)
}

/// Installs exactly what the lock file of `folder` says, unless that is here, and returns its `node_modules`.
pub(crate) fn locked(npm: &Path, folder: &Path) -> Result<PathBuf> {
    let lock = place::read(&folder.join("package-lock.json"))?;
    let modules = folder.join("node_modules");
    let stamp = modules.join(".installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(modules);
    }
    println!("npm ci in {}", folder.display());
    process::run(beside(npm).current_dir(folder).arg("ci").args(QUIET))?;
    place::write(&stamp, &lock)?;
    Ok(modules)
}

/// Refuses a lock file that names a registry: whoever clones the repository may have another one.
pub(crate) fn check_lock(folder: &Path) -> Result<()> {
    let path = folder.join("package-lock.json");
    let lock = place::read(&path)?;
    match lock.lines().position(|line| line.contains("\"resolved\":") && line.contains("://")) {
        None => Ok(()),
        Some(line) => Err(format!(
            "{}:{} names a registry; `npm install --package-lock-only --omit-lockfile-registry-resolved` takes that out",
            path.display(),
            line + 1
        )),
    }
}
