//! Network rules of a sandbox: the endpoints that the steps may connect to, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use e2b_client::Network;
use osiris_core::driver::addresses::is_public;
use osiris_core::driver::endpoints::{Endpoint, endpoints};
use osiris_runtime::run::Prepared;

/// Ports on which E2B can filter by host name.
const NAMED: [u16; 2] = [80, 443];

/// All addresses; allow rules take precedence.
const DENIED: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// Returns the endpoints that the steps may connect to, except addresses that no driver may reach.
pub fn destinations(prepared: &Prepared) -> Vec<Endpoint> {
    let mut destinations: Vec<Endpoint> = prepared
        .tasks()
        .zip(prepared.drivers())
        .flat_map(|(task, driver)| endpoints(&driver.spec, &task.config))
        .filter(Endpoint::leads_anywhere)
        .collect();
    destinations.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    destinations.dedup();
    destinations
}

/// Addresses of the hosts that a run connects to, as resolved on this machine.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// Addresses of each host, by name in lower case.
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    /// Network rules of the sandbox.
    pub(super) network: Network,
    /// Hosts without an address that a sandbox can reach, for messages.
    pub(super) unreachable: Vec<String>,
}

/// Resolves the hosts of these endpoints. E2B filters traffic to the web's ports by host name, and
/// all other traffic by address; and a rule with a host name also opens a public resolver to the
/// sandbox. So names are resolved here, the rules use addresses where possible, and the worker gets
/// the same addresses instead of using a resolver.
pub(super) async fn look_up(destinations: &[Endpoint]) -> Hosts {
    let (mut allow, mut hosts) = (BTreeSet::new(), Hosts::default());
    for endpoint in destinations {
        let Endpoint { host, port, .. } = endpoint;
        if let Ok(ip) = host.parse::<IpAddr>() {
            allow.insert(rule(ip));
            continue;
        }
        let found = tokio::net::lookup_host((host.as_str(), *port)).await;
        let found = found.into_iter().flatten().map(|address| address.ip().to_canonical());
        let mut addresses: Vec<IpAddr> = found.filter(|ip| endpoint.may_reach(*ip)).collect();
        addresses.dedup();
        if !addresses.is_empty() && !addresses.iter().copied().any(is_public) {
            hosts.unreachable.push(endpoint.to_string());
        }
        if NAMED.contains(port) || addresses.is_empty() {
            // A name unknown here could still resolve in the sandbox; if not, the driver
            // reports an error.
            allow.insert(host.clone());
        } else {
            allow.extend(addresses.iter().copied().map(rule));
        }
        if !addresses.is_empty() {
            // Another step may reach other addresses of the same host.
            let host_addresses = hosts.names.entry(host.to_ascii_lowercase()).or_default();
            addresses.retain(|ip| !host_addresses.contains(ip));
            host_addresses.append(&mut addresses);
        }
    }
    hosts.network = Network {
        allow_out: allow.into_iter().collect(),
        deny_out: DENIED.map(str::to_owned).to_vec(),
        dns_servers: Some(Vec::new()),
        allow_public_traffic: Some(false),
    };
    hosts
}

/// Returns the rule for one address. E2B reads a plain IPv6 address as its /32 network.
fn rule(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{ip}/128"),
    }
}

/// Returns the endpoints that mean a different machine in a sandbox than on this machine.
pub fn unreachable(destinations: &[Endpoint]) -> Vec<String> {
    let local = |host: &str| match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    destinations.iter().filter(|endpoint| local(&endpoint.host)).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use osiris_core::driver::provenance::Provenance;

    #[tokio::test]
    async fn egress_allows_only_granted_endpoints() {
        let endpoint = |host: &str, port| Endpoint {
            host: host.to_owned(),
            port,
            host_by: Provenance::Project,
            port_by: Provenance::Project,
        };
        let destinations = [
            endpoint("192.0.2.7", 5432),
            endpoint("2001:db8::7", 5432),
            endpoint("::ffff:192.0.2.8", 1),
            endpoint("api.example", 443),
        ];
        let Network { allow_out, deny_out, .. } = look_up(&destinations).await.network;
        assert_eq!(allow_out, ["192.0.2.7", "192.0.2.8", "2001:db8::7/128", "api.example"]);
        assert_eq!(deny_out, ["0.0.0.0/0", "::/0"]);
        let nothing = look_up(&[]).await.network;
        assert_eq!(nothing.deny_out, ["0.0.0.0/0", "::/0"]);
        assert_eq!(
            (nothing.dns_servers, nothing.allow_public_traffic),
            (Some(vec![]), Some(false))
        );
    }

    #[tokio::test]
    async fn database_host_is_allowed_by_address() {
        let by = Provenance::Project;
        let host = "LocalHost".to_owned();
        let endpoint = Endpoint { host, port: 5432, host_by: by, port_by: by };
        let hosts = look_up(&[endpoint]).await;
        let allowed = &hosts.network.allow_out;
        assert!(allowed.contains(&"127.0.0.1".to_owned()), "{allowed:?}");
        assert!(allowed.iter().all(|rule| rule.trim_end_matches("/128").parse::<IpAddr>().is_ok()));
        assert!(hosts.names["localhost"].contains(&"127.0.0.1".parse().unwrap()));
        assert_eq!(hosts.unreachable, ["LocalHost:5432"]);
    }
}
