//! What a sandbox may reach: what the steps were granted, and nothing else.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::driver::network::{Endpoint, endpoints};
use crate::remote::client::Network;
use crate::run::Prepared;

/// Ports on which E2B can tell names apart.
const NAMED: [u16; 2] = [80, 443];

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
        allow.insert(host.clone());
        if host.parse::<IpAddr>().is_err()
            && !NAMED.contains(port)
            && let Ok(addresses) = tokio::net::lookup_host((host.as_str(), *port)).await
        {
            // A name that does not resolve here may do so there; the driver tells if not.
            let addresses = addresses.map(|address| address.ip());
            let may = addresses.filter(|ip| endpoint.may_reach(*ip));
            allow.extend(may.map(|ip| ip.to_string()));
        }
    }
    Network { allow_out: allow.into_iter().collect(), deny_out: vec!["0.0.0.0/0".to_owned()] }
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
