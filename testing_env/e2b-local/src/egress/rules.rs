//! Egress rules of one sandbox.

use std::net::IpAddr;

use ipnet::IpNet;

/// The ports on which E2B looks for the name of a host.
const NAMED: [u16; 2] = [80, 443];

/// Egress rules of one sandbox.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// They win over what is denied.
    pub(crate) allowed: Vec<IpNet>,
    pub(crate) denied: Vec<IpNet>,
    /// Names of hosts, and `*.name` for all below a name.
    pub(crate) domains: Vec<String>,
}

/// The treatment of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// Allowed to a host of these rules, by the name in what the client sends first.
    AllowedByName,
    Denied,
}

impl Rules {
    /// Returns the verdict on a connection by its address.
    pub(crate) fn verdict(&self, address: IpAddr, port: u16) -> Verdict {
        if address.is_loopback() {
            let is_allowed = self.loopback().iter().any(|net| net.contains(&address));
            if is_allowed { Verdict::Allowed } else { Verdict::Denied }
        } else if self.allowed.iter().any(|net| net.contains(&address)) {
            Verdict::Allowed
        } else if !self.domains.is_empty() && NAMED.contains(&port) {
            Verdict::AllowedByName
        } else if self.denied.iter().any(|net| net.contains(&address)) {
            Verdict::Denied
        } else {
            Verdict::Allowed
        }
    }

    /// Returns whether connections to a host of this name are allowed.
    pub(crate) fn allow_name(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| match domain.strip_prefix("*.") {
            Some(suffix) => {
                let dot = name.len().checked_sub(suffix.len() + 1);
                dot.is_some_and(|at| {
                    name.as_bytes()[at] == b'.' && name[at + 1..].eq_ignore_ascii_case(suffix)
                })
            }
            None => name.eq_ignore_ascii_case(domain),
        })
    }

    /// The allowed addresses of loopback, which mean the loopback of this machine.
    /// All others of loopback are the sandbox's own. No two of these ranges overlap.
    pub(crate) fn loopback(&self) -> Vec<IpNet> {
        let nets = self.allowed.iter().copied().filter(|net| {
            matches!(net, IpNet::V4(net) if net.addr().is_loopback() && net.prefix_len() >= 8)
        });
        IpNet::aggregate(&nets.collect())
    }
}

/// Reads an address or a range of addresses.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address).map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allowed: &[&str], denied: &[&str], domains: &[&str]) -> Rules {
        let nets = |texts: &[&str]| texts.iter().map(|text| network(text).unwrap()).collect();
        let domains = domains.iter().map(|&domain| domain.to_owned()).collect();
        Rules { allowed: nets(allowed), denied: nets(denied), domains }
    }

    #[test]
    fn allow_rule_wins_over_deny_rule() {
        let rules = rules(&["192.0.2.7", "198.51.100.0/24"], &["0.0.0.0/0"], &[]);
        let verdict = |address: &str| rules.verdict(address.parse().unwrap(), 443);
        assert_eq!(verdict("192.0.2.7"), Verdict::Allowed);
        assert_eq!(verdict("198.51.100.200"), Verdict::Allowed);
        assert_eq!(verdict("192.0.2.8"), Verdict::Denied);
    }

    #[test]
    fn address_without_a_rule_is_allowed() {
        let rules = rules(&[], &["198.51.100.0/24"], &[]);
        assert_eq!(rules.verdict("192.0.2.7".parse().unwrap(), 1), Verdict::Allowed);
        assert_eq!(rules.verdict("198.51.100.7".parse().unwrap(), 1), Verdict::Denied);
    }

    #[test]
    fn host_names_are_matched_only_on_web_ports() {
        let rules = rules(&[], &["0.0.0.0/0"], &["db.example", "*.web.example"]);
        let verdict = |port| rules.verdict("192.0.2.7".parse().unwrap(), port);
        assert_eq!([80, 443].map(verdict), [Verdict::AllowedByName; 2]);
        assert_eq!(verdict(5432), Verdict::Denied);
        for name in ["db.example", "DB.Example", "a.web.example", "a.b.WEB.example"] {
            assert!(rules.allow_name(name), "{name}");
        }
        for name in ["", "x.db.example", "web.example", "aweb.example", ".example", "ö.example"] {
            assert!(!rules.allow_name(name), "{name}");
        }
    }

    #[test]
    fn loopback_must_be_allowed_explicitly() {
        let allowed = ["127.0.0.1", "127.0.0.9/30", "0.0.0.0/0", "192.0.2.7", "::1"];
        let rules = rules(&[&allowed[..], &["127.0.0.1", "127.0.0.10"]].concat(), &[], &[]);
        let loopback: Vec<String> = rules.loopback().iter().map(ToString::to_string).collect();
        assert_eq!(loopback, ["127.0.0.1/32", "127.0.0.8/30"]);
        let verdict = |address: &str| rules.verdict(address.parse().unwrap(), 443);
        assert_eq!(["127.0.0.1", "127.0.0.10"].map(verdict), [Verdict::Allowed; 2]);
        assert_eq!(["127.0.0.2", "::1"].map(verdict), [Verdict::Denied; 2]);
    }
}
