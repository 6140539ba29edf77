//! Endpoints that a driver may connect to: those that its spec declares, usually the host and port
//! of its connection.

use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::addresses::{is_local_service, is_public};
use super::provenance::{Origins, Provenance};
use super::spec::Spec;
use crate::schema::fill_from;

/// A host and port that a driver may connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Origin of the host.
    pub host_by: Provenance,
    /// Origin of the port.
    pub port_by: Provenance,
}

impl Endpoint {
    /// Returns whether the endpoint may lead to an address. A host that the driver's author set may
    /// only lead to the internet.
    pub fn may_reach(&self, ip: IpAddr) -> bool {
        // A name that others control can resolve to any address.
        let is_named = self.host.parse::<IpAddr>().is_err();
        !(is_named && is_local_service(ip)) && (self.host_by.opens() || is_public(ip))
    }

    /// Returns whether the endpoint may lead to any address. Host names count as such, without a
    /// look-up.
    pub fn leads_anywhere(&self) -> bool {
        self.host.parse().map_or(true, |ip| self.may_reach(ip))
    }
}

/// Formats the endpoint like `db.example:5432`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Returns the endpoints that a spec declares with this configuration, which is as its user wrote
/// it. Endpoints that the configuration does not set are left out.
pub fn endpoints(spec: &Spec, config: &Value) -> Vec<Endpoint> {
    spec.network
        .iter()
        .filter_map(|entry| endpoint(spec, entry, config, &Origins::default()))
        .collect()
}

/// Returns the endpoint of one entry of `network` with this configuration.
pub fn endpoint(
    spec: &Spec,
    entry: &super::spec::EndpointSpec,
    config: &Value,
    origins: &Origins,
) -> Option<Endpoint> {
    let (host, host_by) = match entry.host.as_str() {
        // A secret used as a host name would be sent to the name servers.
        pointer if is_secret(spec, pointer) => return None,
        pointer if pointer.starts_with('/') => {
            (config.pointer(pointer)?.as_str()?, origins.of(pointer))
        }
        literal => (literal, Provenance::Author),
    };
    let (port, port_by) = match entry.port.as_str() {
        Some(pointer) => match config.pointer(pointer) {
            Some(port) => (port.as_u64()?, origins.of(pointer)),
            None => (default_port(spec, config, pointer)?, Provenance::Author),
        },
        None => (entry.port.as_u64()?, Provenance::Author),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Endpoint { host, port: u16::try_from(port).ok()?, host_by, port_by })
}

/// Returns the port that the author's defaults set at a pointer.
fn default_port(spec: &Spec, config: &Value, pointer: &str) -> Option<u64> {
    let mut filled = config.clone();
    fill_from(&spec.config_schema, &mut filled);
    filled.pointer(pointer)?.as_u64()
}

/// Returns whether a pointer leads to a secret of the spec.
pub fn is_secret(spec: &Spec, pointer: &str) -> bool {
    spec.secrets.iter().any(|secret| {
        let rest = pointer.strip_prefix(secret.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoint_has_its_provenance() {
        let text = "
name: a.b
version: 1.0.0
modes: [extract]
secrets: [/pass]
network:
  - {host: /host, port: /port}
  - {host: api.example, port: 443}
  - {host: /pass, port: 1}
  - {host: /deep/host, port: 2}
configSchema:
  type: object
  properties:
    host: {type: string, default: 10.0.0.1}
    port: {type: integer, default: 5432}
    pass: {type: string}
    deep: {type: object, default: {host: 10.0.0.2}}
";
        let spec = Spec::parse(text.as_bytes(), std::path::Path::new("spec.yaml")).unwrap();
        let found = |config: Value| -> Vec<_> {
            let all = endpoints(&spec, &config);
            all.iter().map(|one| (one.to_string(), one.host_by, one.port_by)).collect()
        };
        use Provenance::{Author, User};
        let own = ("api.example:443".to_owned(), Author, Author);
        assert_eq!(found(serde_json::json!({"pass": "10.0.0.3"})), std::slice::from_ref(&own));
        assert_eq!(
            found(serde_json::json!({"host": "::1", "deep": {}})),
            [("[::1]:5432".to_owned(), User, Author), own.clone()]
        );
        assert_eq!(
            found(serde_json::json!({"host": "h", "port": 1, "deep": {"host": "d"}})),
            [("h:1".to_owned(), User, User), own, ("d:2".to_owned(), User, Author)]
        );
    }
}
