//! Egress rules of a sandbox, as E2B checks and widens them.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::egress::{Rules, network};

/// The resolver that E2B opens to a sandbox whose rules name a domain.
const RESOLVER: &str = "8.8.8.8";
/// All addresses there are.
const ALL: &str = "0.0.0.0/0";

/// Egress rules: as a client asks for them, and as the sandbox gets them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Network {
    /// Addresses, ranges and domains; they win over what is denied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allow_out: Vec<String>,
    /// Addresses and ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deny_out: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns_servers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_public_traffic: Option<bool>,
}

impl Network {
    /// Returns the rules that a sandbox gets.
    pub(super) fn validate(mut self) -> Result<Self, Error> {
        if let Some(rule) = self.deny_out.iter().find(|rule| !is_range(rule)) {
            return Err(Error::bad(format!("invalid denied CIDR {rule}")));
        }
        let has_domain = self.allow_out.iter().any(|rule| !is_range(rule));
        if has_domain && !self.deny_out.iter().any(|rule| rule == ALL) {
            let message = "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to block all other traffic.";
            return Err(Error::bad(message));
        }
        if has_domain {
            let resolvers = self.dns_servers.clone().unwrap_or_else(|| vec![RESOLVER.to_owned()]);
            self.allow_out.extend(resolvers);
        }
        Ok(self)
    }

    /// The rules to hold a sandbox to. Returns `None` if nothing is denied.
    pub(crate) fn rules(&self, allow_internet: Option<bool>) -> Option<Rules> {
        let parse = |texts: &[String]| texts.iter().filter_map(|text| network(text)).collect();
        let mut denied: Vec<_> = parse(&self.deny_out);
        denied.extend(network(ALL).filter(|_| allow_internet == Some(false)));
        let domains = self.allow_out.iter().filter(|rule| !is_range(rule)).cloned().collect();
        let rules = Rules { allowed: parse(&self.allow_out), denied, domains };
        (!rules.denied.is_empty()).then_some(rules)
    }
}

/// Returns whether a rule is an address or a range of addresses.
fn is_range(rule: &str) -> bool {
    network(rule).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(allow: &[&str], deny: &[&str], dns: Option<Vec<String>>) -> Option<Vec<String>> {
        let texts = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_owned()).collect();
        let (allow_out, deny_out) = (texts(allow), texts(deny));
        let network = Network { allow_out, deny_out, dns_servers: dns, ..Network::default() };
        Some(network.validate().ok()?.allow_out)
    }

    #[test]
    fn allowed_domain_opens_a_resolver_and_requires_deny_all() {
        assert_eq!(validate(&["db.example"], &[], None), None);
        let allow_out = validate(&["db.example"], &[ALL], None).unwrap();
        assert_eq!(allow_out, ["db.example", RESOLVER]);
        assert_eq!(validate(&["db.example"], &[ALL], Some(Vec::new())).unwrap(), ["db.example"]);
        assert_eq!(validate(&["192.0.2.7"], &[ALL], None).unwrap(), ["192.0.2.7"]);
        assert_eq!(validate(&[], &["db.example"], None), None);
    }
}
