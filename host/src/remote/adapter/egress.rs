//! What a sandbox may reach: what the steps were granted, and nothing else.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::driver::network::{Endpoint, endpoints};
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

/// The sandbox's rules for these addresses. A name on a port other than those of
/// the web is looked up here, since E2B lets such traffic through by address only.
pub(super) async fn network(dials: &[Endpoint]) -> Network {
    let mut allow = BTreeSet::new();
    for endpoint in dials {
        let Endpoint { host, port, .. } = endpoint;
        allow.insert(host.parse().map_or_else(|_| host.clone(), rule));
        if host.parse::<IpAddr>().is_err()
            && !NAMED.contains(port)
            && let Ok(addresses) = tokio::net::lookup_host((host.as_str(), *port)).await
        {
            // A name that does not resolve here may do so there; the driver tells if not.
            let addresses = addresses.map(|address| address.ip());
            allow.extend(addresses.filter(|ip| endpoint.may_reach(*ip)).map(rule));
        }
    }
    let deny_out = DENIED.map(str::to_owned).to_vec();
    Network { allow_out: allow.into_iter().collect(), deny_out }
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
        let Network { allow_out, deny_out } = network(&dials).await;
        assert_eq!(allow_out, ["192.0.2.7", "192.0.2.8", "2001:db8::7/128", "api.example"]);
        assert_eq!(deny_out, ["0.0.0.0/0", "::/0"]);
        assert_eq!(network(&[]).await.deny_out, ["0.0.0.0/0", "::/0"]);
    }
}
