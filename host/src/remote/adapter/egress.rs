//! What a sandbox may reach: what the steps were granted, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::driver::network::{Endpoint, endpoints, is_public};
use crate::remote::client::Network;
use crate::run::Prepared;

/// Ports on which E2B can tell names apart.
const NAMED: [u16; 2] = [80, 443];

/// All addresses there are; what is allowed wins.
const DENIED: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// What the steps may dial, but for addresses that no driver reaches whoever names them.
pub fn dials(prepared: &Prepared) -> Vec<Endpoint> {
    let mut dials: Vec<Endpoint> = prepared
        .tasks()
        .zip(prepared.drivers())
        .flat_map(|(task, driver)| endpoints(&driver.spec, &task.config))
        .filter(Endpoint::leads_anywhere)
        .collect();
    dials.sort_by(|a, b| (&a.host, a.port).cmp(&(&b.host, b.port)));
    dials.dedup();
    dials
}

/// Addresses of the hosts that a run dials, as they are known on this machine.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// The addresses of each name, in lower case.
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    /// The sandbox's rules.
    pub(super) network: Network,
    /// Hosts to which no address leads from a sandbox, for people.
    pub(super) unreachable: Vec<String>,
}

/// Looks up the hosts of these endpoints. E2B lets traffic to the ports of the web through by
/// name, and all other traffic by address; and a rule with a name opens a public resolver to
/// the sandbox as well. So names are looked up here, the rules have addresses where they can,
/// and the worker gets the same addresses instead of asking a resolver.
pub(super) async fn look_up(dials: &[Endpoint]) -> Hosts {
    let (mut allow, mut hosts) = (BTreeSet::new(), Hosts::default());
    for endpoint in dials {
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
            // A name that does not resolve here may do so there; the driver tells if not.
            allow.insert(host.clone());
        } else {
            allow.extend(addresses.iter().copied().map(rule));
        }
        if !addresses.is_empty() {
            // Another step may reach other addresses of the same host.
            let known = hosts.names.entry(host.to_ascii_lowercase()).or_default();
            addresses.retain(|ip| !known.contains(ip));
            known.append(&mut addresses);
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

/// The rule for one address. A bare one of IPv6 would stand for its first 32 bits.
fn rule(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{ip}/128"),
    }
}

/// Those that mean another machine in a sandbox than they do here.
pub fn unreachable(dials: &[Endpoint]) -> Vec<String> {
    let local = |host: &str| match host.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    };
    dials.iter().filter(|endpoint| local(&endpoint.host)).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::provenance::Provenance;

    #[tokio::test]
    async fn nothing_is_open_but_what_was_granted() {
        let dial = |host: &str, port| Endpoint {
            host: host.to_owned(),
            port,
            host_by: Provenance::Project,
            port_by: Provenance::Project,
        };
        let dials = [
            dial("192.0.2.7", 5432),
            dial("2001:db8::7", 5432),
            dial("::ffff:192.0.2.8", 1),
            dial("api.example", 443),
        ];
        let Network { allow_out, deny_out, .. } = look_up(&dials).await.network;
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
    async fn a_database_is_open_by_its_addresses_and_not_by_its_name() {
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
