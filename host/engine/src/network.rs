//! The network permissions of a call: checks every address and name that a driver uses against the
//! granted endpoints.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use osiris_core::driver::endpoints::Endpoint;
use osiris_core::sync::lock;
use wasmtime_wasi::sockets::SocketAddrUse;

/// The network permissions of one call. Clones share the resolved addresses.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    granted: Arc<[Endpoint]>,
    hosts: Arc<BTreeMap<String, Vec<IpAddr>>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Host names, in lower case, with the addresses that they resolved to.
    resolved: HashMap<String, Vec<IpAddr>>,
    /// The last denial, for the error message.
    denial: Option<String>,
}

impl Network {
    /// Permits these endpoints. `hosts` maps host names in lower case to known addresses.
    pub(super) fn new(granted: Vec<Endpoint>, hosts: BTreeMap<String, Vec<IpAddr>>) -> Self {
        Self { granted: granted.into(), hosts: hosts.into(), state: Arc::default() }
    }

    /// Returns the addresses of a name that need no look-up.
    pub(super) fn known_addresses(&self, name: &str) -> Option<&[IpAddr]> {
        self.hosts.get(&normalize_name(name)).map(Vec::as_slice)
    }

    /// Returns whether no endpoint is permitted.
    pub(super) fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }

    /// Returns whether a name may be looked up.
    pub(super) fn may_look_up(&self, name: &str) -> bool {
        let name = normalize_name(name);
        let granted = self.granted.iter().any(|endpoint| normalize_name(&endpoint.host) == name);
        if !granted {
            self.deny(format!("name {name:?} is not allowed"));
        }
        granted
    }

    /// Records an address that a name resolved to.
    pub(super) fn record_resolution(&self, name: &str, address: IpAddr) {
        self.state().resolved.entry(normalize_name(name)).or_default().push(address.to_canonical());
    }

    /// Returns whether an address may be used for an operation.
    pub(super) fn may_use(&self, address: SocketAddr, usage: SocketAddrUse) -> bool {
        match usage {
            // Every socket is bound to this address before it connects.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => {
                let allowed = self.granted.iter().any(|endpoint| self.matches(endpoint, address));
                if !allowed {
                    self.deny(format!("address {address} is not allowed"));
                }
                allowed
            }
            _ => {
                self.deny("a driver can only open outgoing TCP connections".to_owned());
                false
            }
        }
    }

    fn matches(&self, endpoint: &Endpoint, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        if endpoint.port != address.port() {
            return false;
        }
        let host_matches = match endpoint.host.parse::<IpAddr>() {
            Ok(named) => named.to_canonical() == ip,
            Err(_) => self
                .state()
                .resolved
                .get(&normalize_name(&endpoint.host))
                .is_some_and(|addresses| addresses.contains(&ip)),
        };
        host_matches && endpoint.may_reach(ip)
    }

    fn deny(&self, reason: String) {
        self.state().denial = Some(reason);
    }

    /// Returns the message with the last denial and the permitted endpoints.
    pub(super) fn denial(&self) -> Option<String> {
        let reason = self.state().denial.clone()?;
        let granted: Vec<String> = self.granted.iter().map(ToString::to_string).collect();
        let granted = if granted.is_empty() { "nothing".to_owned() } else { granted.join(", ") };
        Some(format!(
            "network access denied: {reason}; allowed: {granted}. A driver can connect to the hosts and ports that `network` in its spec names, usually those of its connection"
        ))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Normalizes a name for comparison.
fn normalize_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use osiris_core::driver::provenance::Provenance;

    use super::*;

    fn network(host: &str, port: u16, is_own: bool) -> Network {
        let host_by = if is_own { Provenance::User } else { Provenance::Author };
        let host = host.to_owned();
        let endpoint = Endpoint { host, port, host_by, port_by: Provenance::Author };
        Network::new(vec![endpoint], BTreeMap::new())
    }

    fn dials(network: &Network, address: &str) -> bool {
        network.may_use(address.parse().unwrap(), SocketAddrUse::TcpConnect)
    }

    #[test]
    fn ungranted_address_or_port_is_denied() {
        let network = network("127.0.0.1", 3306, true);
        assert!(dials(&network, "127.0.0.1:3306"));
        assert!(dials(&network, "[::ffff:127.0.0.1]:3306"));
        for other in ["127.0.0.1:3307", "127.0.0.2:3306", "[::1]:3306", "169.254.169.254:3306"] {
            assert!(!dials(&network, other), "{other}");
        }
        assert!(network.denial().unwrap().contains("169.254.169.254:3306 is not allowed"));
    }

    #[test]
    fn name_allows_only_its_resolved_addresses() {
        let network = network("db.example", 5432, true);
        assert!(network.may_look_up("DB.example."));
        assert!(!network.may_look_up("other.example"));
        assert!(!dials(&network, "10.0.0.5:5432"));
        network.record_resolution("db.example", "10.0.0.5".parse().unwrap());
        network.record_resolution("db.example", "169.254.169.254".parse().unwrap());
        assert!(dials(&network, "10.0.0.5:5432"));
        assert!(!dials(&network, "169.254.169.254:5432"), "metadata behind a name");
    }

    #[test]
    fn host_of_the_spec_reaches_only_the_internet() {
        let network = network("api.example", 443, false);
        for (address, allowed) in
            [("93.184.216.34", true), ("10.0.0.1", false), ("127.0.0.1", false)]
        {
            network.record_resolution("api.example", address.parse().unwrap());
            assert_eq!(dials(&network, &format!("{address}:443")), allowed, "{address}");
        }
    }

    #[test]
    fn names_never_reach_cloud_metadata() {
        let network = network("db.example", 80, true);
        for address in ["fd20:ce::254", "168.63.129.16", "64:ff9b::a9fe:a9fe", "192.0.0.192"] {
            network.record_resolution("db.example", address.parse().unwrap());
            let address = SocketAddr::new(address.parse().unwrap(), 80);
            assert!(!network.may_use(address, SocketAddrUse::TcpConnect), "{address}");
        }
    }

    #[test]
    fn address_of_the_spec_is_public_and_of_the_user_any() {
        for (host, allowed) in [
            ("10.0.0.1", false),
            ("fd20:ce::254", false),
            ("64:ff9b::a00:1", false),
            ("1.1.1.1", true),
        ] {
            let address = SocketAddr::new(host.parse().unwrap(), 80);
            let dials =
                |is_own| network(host, 80, is_own).may_use(address, SocketAddrUse::TcpConnect);
            assert_eq!((dials(true), dials(false)), (true, allowed), "{host}");
        }
    }

    #[test]
    fn listening_binding_and_udp_are_denied() {
        let network = network("127.0.0.1", 80, true);
        let address = "127.0.0.1:80".parse().unwrap();
        for usage in [SocketAddrUse::TcpListen, SocketAddrUse::UdpSend, SocketAddrUse::TcpBind] {
            assert!(!network.may_use(address, usage), "{usage:?}");
        }
    }
}
