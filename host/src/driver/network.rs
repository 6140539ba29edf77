//! Which addresses a driver may dial: those that its spec asks for, in terms of
//! its connection.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use wasmtime_wasi::sockets::SocketAddrUse;

use super::spec::Spec;

/// A host and port that a driver may dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name, or an address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the user's connection names it, and not the driver's author.
    pub is_own: bool,
}

/// The endpoints that a spec asks for with this configuration. What the
/// configuration does not name is left out.
pub fn endpoints(spec: &Spec, config: &Value) -> Vec<Endpoint> {
    let value = |wanted: &Value| match wanted.as_str() {
        Some(pointer) if pointer.starts_with('/') => config.pointer(pointer).cloned(),
        _ => Some(wanted.clone()),
    };
    let endpoint = |asked: &super::spec::Endpoint| {
        let host = value(&Value::from(asked.host.as_str()))?.as_str()?.to_owned();
        let port = u16::try_from(value(&asked.port)?.as_u64()?).ok()?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Endpoint { host, port, is_own: asked.host.starts_with('/') })
    };
    spec.network.iter().filter_map(endpoint).collect()
}

/// The network as one call sees it. Clones share what has been looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    granted: Arc<[Endpoint]>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Names, in lower case, and the addresses that they were resolved to.
    resolved: HashMap<String, Vec<IpAddr>>,
    /// The last refusal, for the error's message.
    refused: Option<String>,
}

impl Network {
    pub(super) fn new(granted: Vec<Endpoint>) -> Self {
        Self { granted: granted.into(), seen: Arc::default() }
    }

    /// Whether there is anything to dial.
    pub(super) fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Whether a name may be looked up.
    pub(super) fn may_look_up(&self, name: &str) -> bool {
        let name = plain(name);
        let granted = self.granted.iter().any(|endpoint| plain(&endpoint.host) == name);
        if !granted {
            self.refuse(format!("the name {name:?} was not granted"));
        }
        granted
    }

    /// Takes down an address that a name has.
    pub(super) fn learn(&self, name: &str, address: IpAddr) {
        self.seen().resolved.entry(plain(name)).or_default().push(address.to_canonical());
    }

    /// Whether an address may be used so.
    pub(super) fn may_use(&self, address: SocketAddr, usage: SocketAddrUse) -> bool {
        match usage {
            // What every socket is bound to before it dials.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => {
                let may = self.granted.iter().any(|endpoint| self.matches(endpoint, address));
                if !may {
                    self.refuse(format!("the address {address} was not granted"));
                }
                may
            }
            _ => {
                self.refuse("a driver may only dial".to_owned());
                false
            }
        }
    }

    fn matches(&self, endpoint: &Endpoint, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        if endpoint.port != address.port() {
            return false;
        }
        match endpoint.host.parse::<IpAddr>() {
            Ok(named) => named.to_canonical() == ip && (endpoint.is_own || is_public(ip)),
            Err(_) => {
                let resolved = self
                    .seen()
                    .resolved
                    .get(&plain(&endpoint.host))
                    .is_some_and(|addresses| addresses.contains(&ip));
                // A name in somebody else's hands may lead anywhere.
                resolved && !is_local_service(ip) && (endpoint.is_own || is_public(ip))
            }
        }
    }

    fn refuse(&self, what: String) {
        self.seen().refused = Some(what);
    }

    /// What was refused last and what was granted, for a person.
    pub(super) fn refusal(&self) -> Option<String> {
        let what = self.seen().refused.clone()?;
        let granted: Vec<String> = self
            .granted
            .iter()
            .map(|Endpoint { host, port, .. }| format!("{host}:{port}"))
            .collect();
        let granted = if granted.is_empty() { "nothing".to_owned() } else { granted.join(", ") };
        Some(format!(
            "the host refused it the network: {what}; granted is {granted}. A driver may dial what `network` in its spec names, which is mostly the host and port of its connection"
        ))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Addresses of the machine's own link, where clouds keep their metadata, and
/// those that are nobody's.
pub(crate) fn is_local_service(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || ip.octets() == [100, 100, 100, 200]
        }
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.segments() == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254]
        }
    }
}

/// Whether the address is one of the internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    let inside = match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_loopback() || a == 0 || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    };
    !inside && !is_local_service(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(host: &str, port: u16, is_own: bool) -> Network {
        Network::new(vec![Endpoint { host: host.to_owned(), port, is_own }])
    }

    fn dials(network: &Network, address: &str) -> bool {
        network.may_use(address.parse().unwrap(), SocketAddrUse::TcpConnect)
    }

    #[test]
    fn only_the_granted_address_and_port() {
        let network = network("127.0.0.1", 3306, true);
        assert!(dials(&network, "127.0.0.1:3306"));
        assert!(dials(&network, "[::ffff:127.0.0.1]:3306"));
        for other in ["127.0.0.1:3307", "127.0.0.2:3306", "[::1]:3306", "169.254.169.254:3306"] {
            assert!(!dials(&network, other), "{other}");
        }
        assert!(network.refusal().unwrap().contains("169.254.169.254:3306 was not granted"));
    }

    #[test]
    fn a_name_stands_for_what_it_was_resolved_to() {
        let network = network("db.example", 5432, true);
        assert!(network.may_look_up("DB.example."));
        assert!(!network.may_look_up("other.example"));
        assert!(!dials(&network, "10.0.0.5:5432"));
        network.learn("db.example", "10.0.0.5".parse().unwrap());
        network.learn("db.example", "169.254.169.254".parse().unwrap());
        assert!(dials(&network, "10.0.0.5:5432"));
        assert!(!dials(&network, "169.254.169.254:5432"), "metadata behind a name");
    }

    #[test]
    fn a_drivers_own_name_leads_to_the_internet_only() {
        let network = network("api.example", 443, false);
        for (address, may) in [("93.184.216.34", true), ("10.0.0.1", false), ("127.0.0.1", false)] {
            network.learn("api.example", address.parse().unwrap());
            assert_eq!(dials(&network, &format!("{address}:443")), may, "{address}");
        }
    }

    #[test]
    fn nothing_but_dialling() {
        let network = network("127.0.0.1", 80, true);
        let address = "127.0.0.1:80".parse().unwrap();
        for usage in [SocketAddrUse::TcpListen, SocketAddrUse::UdpSend, SocketAddrUse::TcpBind] {
            assert!(!network.may_use(address, usage), "{usage:?}");
        }
    }
}
