//! Ceilings on the permissions of third-party drivers, regardless of what a spec requests.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use osiris_core::diagnostic::Position;

/// The ceilings of a project; `None` means no ceiling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// The hosts that drivers may connect to, and the position of the rule.
    pub network: Option<(Position, Vec<HostPort>)>,
    /// Maximum file access, and the position of the rule.
    pub files: Option<(Position, FileCeiling)>,
}

/// Maximum access of a driver to the project's files. Its own artifacts do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileCeiling {
    /// No access.
    None,
    /// Read access to the files that the configuration names.
    Read,
    /// Read and write access to the files that the configuration names.
    Write,
}

impl FileCeiling {
    /// The ceilings by the names used in `osiris.yaml`.
    pub const NAMES: [(&str, Self); 3] =
        [("none", Self::None), ("read", Self::Read), ("write", Self::Write)];
}

impl fmt::Display for FileCeiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMES.iter().find(|(_, ceiling)| ceiling == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// An allowed destination: `db.example:5432`, `*.example:443`, `10.0.0.7:*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host in lower case; `*.` as a prefix matches all subdomains.
    host: String,
    /// The port; `None` matches any.
    port: Option<u16>,
}

impl HostPort {
    /// Returns whether the rule covers a destination.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|only| only != port) {
            return false;
        }
        let host = normalize_host(host);
        match self.host.strip_prefix('*') {
            // Matches subdomains, but not an address that happens to end like the name.
            Some(end) => host.parse::<IpAddr>().is_err() && host.ends_with(end),
            None => match (self.host.parse::<IpAddr>(), host.parse::<IpAddr>()) {
                (Ok(own), Ok(other)) => own.to_canonical() == other.to_canonical(),
                _ => self.host == host,
            },
        }
    }
}

/// Normalizes a name or address for comparison.
fn normalize_host(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.').to_ascii_lowercase()
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:", self.host)?,
            false => write!(f, "{}:", self.host)?,
        }
        match self.port {
            Some(port) => write!(f, "{port}"),
            None => f.write_str("*"),
        }
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "use a host and a port, like `db.example:5432` or `*.example:443`";
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = match port {
            "*" => None,
            port => Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?),
        };
        let bare = normalize_host(host);
        let name = bare.strip_prefix("*.").unwrap_or(&bare);
        let is_name = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        let is_v6 = host.starts_with('[') && bare.parse::<IpAddr>().is_ok();
        match is_name || is_v6 {
            true => Ok(Self { host: bare, port }),
            false => Err(wrong().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_ceilings_match_normalized_addresses() {
        for (ceiling, host, port, expected) in [
            ("db.example:5432", "DB.example.", 5432, true),
            ("db.example:5432", "db.example", 5433, false),
            ("db.example:5432", "xdb.example", 5432, false),
            ("*.example:443", "api.example", 443, true),
            ("*.example:443", "example", 443, false),
            ("*.example:443", "badexample", 443, false),
            ("10.0.0.7:*", "10.0.0.7", 1, true),
            ("10.0.0.7:*", "::ffff:10.0.0.7", 1, true),
            ("*.7:*", "10.0.0.7", 1, false),
            ("[::1]:80", "0:0:0:0:0:0:0:1", 80, true),
        ] {
            let ceiling: HostPort = ceiling.parse().unwrap();
            assert_eq!(ceiling.covers(host, port), expected, "{ceiling} {host}:{port}");
        }
    }

    #[test]
    fn invalid_host_and_port_is_rejected() {
        for text in ["", "db", "db:", "db:0", "db:65536", ":80", "*:80", "::1:80", "a b:1", "*.:1"]
        {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
        for text in ["db.example:5432", "*.example:*", "[::1]:80"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
    }
}
