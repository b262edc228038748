//! The command line.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: example-chat [--port PORT] [--host ADDRESS] [--client-dir FOLDER]
  --port        the port to listen on; 0 takes any that is free (3000)
  --host        the address to listen on; 0.0.0.0 lets a phone in (127.0.0.1)
  --client-dir  npm's socket.io-client/dist, served as /client";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) host: IpAddr,
    pub(crate) port: u16,
    pub(crate) client_dir: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments after the program's name. The error is for the user to read.
    pub(crate) fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { host: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 3000, client_dir: None };
        while let Some(name) = args.next() {
            if !matches!(name.as_str(), "--port" | "--host" | "--client-dir") {
                return Err(format!("{name:?} is not known\n{USAGE}"));
            }
            let value = args.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            let wrong = |what: &str| format!("{name} needs {what}, not {value:?}");
            match name.as_str() {
                "--port" => options.port = value.parse().map_err(|_| wrong("a port"))?,
                "--host" => options.host = value.parse().map_err(|_| wrong("an IP address"))?,
                _ => options.client_dir = Some(PathBuf::from(value)),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Options, String> {
        Options::from_args(args.iter().map(ToString::to_string))
    }

    #[test]
    fn values_follow_their_names() {
        let options = read(&["--port", "0", "--host", "0.0.0.0", "--client-dir", "dist"]).unwrap();
        assert_eq!(options.port, 0);
        assert_eq!(options.host, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        assert_eq!(options.client_dir, Some(PathBuf::from("dist")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(read(&["--prot", "1"]).unwrap_err().contains("--prot"));
        assert!(read(&["--port"]).unwrap_err().contains("needs a value"));
        assert!(read(&["--port", "70000"]).unwrap_err().contains("70000"));
    }
}
