//! HTTP clients: TLS, the addresses that a client can connect to, and error messages.
//!
//! ```
//! use reqwest::Url;
//!
//! // Only this machine may be spoken to without encryption.
//! assert!(osiris_http::is_loopback(&Url::parse("http://127.0.0.1:8080").unwrap()));
//! assert!(!osiris_http::is_loopback(&Url::parse("http://127.0.0.1.example").unwrap()));
//! ```

use std::error::Error as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use osiris_core::driver::addresses::{is_local_service, is_public};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Url};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// The `User-Agent` of every request.
const AGENT: &str = concat!("osiris/", env!("CARGO_PKG_VERSION"));

/// Time limit for connecting to a server.
const CONNECT: Duration = Duration::from_secs(10);

/// Creates a client of one server, guarded by a [`Guard`]. The only constructor of clients in
/// this program.
///
/// # Errors
/// Returns an error if TLS cannot be set up.
pub fn builder(guard: &Arc<Guard>, base: &Url) -> Result<ClientBuilder, rustls::Error> {
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls(base)?)
        .user_agent(AGENT)
        .connect_timeout(CONNECT)
        .dns_resolver(Arc::new(Resolver(guard.clone())));
    if is_loopback(base) {
        client = client.no_proxy();
    }
    Ok(client)
}

/// Uses ring, because aws-lc needs a C compiler and CMake on the build machine.
fn tls(base: &Url) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // A machine without certificates can still connect to itself.
    Ok(match base.scheme() {
        "http" => config.with_root_certificates(RootCertStore::empty()),
        _ => config.with_platform_verifier()?,
    }
    .with_no_client_auth())
}

/// Returns whether the text of a URL names this machine, to which unencrypted connections are
/// allowed. The [`Guard`] checks the addresses of host names.
pub fn is_loopback(url: &Url) -> bool {
    match ip_of(url) {
        Some(ip) => ip.to_canonical().is_loopback(),
        None => url.host_str() == Some("localhost"),
    }
}

/// Parses the host as an IP address. Returns `None` if the host is a name.
fn ip_of(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The network that an address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// The internet.
    Public,
    /// A private network.
    Private,
    /// This machine.
    Loopback,
    /// A link-local service, such as a cloud's metadata service.
    Link,
}

impl Zone {
    fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        let is_zero = matches!(ip, IpAddr::V4(ip) if ip.octets()[0] == 0) || ip.is_unspecified();
        if ip.is_loopback() || is_zero {
            Self::Loopback
        } else if is_public(ip) {
            Self::Public
        } else if is_local_service(ip) {
            Self::Link
        } else {
            Self::Private
        }
    }
}

/// The party that chose a server's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The user: any address is allowed.
    User,
    /// A stranger, such as the author of a lockfile: the address must be on the internet.
    Stranger,
    /// A server in this zone: the address must be in the same zone or on the internet.
    Server(Zone),
}

impl NamedBy {
    fn admits(self, zone: Zone) -> bool {
        match self {
            Self::User => true,
            Self::Stranger => zone == Zone::Public,
            Self::Server(Zone::Link) => zone == Zone::Public,
            Self::Server(own) => zone == Zone::Public || zone == own,
        }
    }
}

/// Decides immediately before a connection whether a client can connect to an address: by the
/// resolved address, not by the host name. Servers to which the first server leads, for example by a
/// redirect, must be on the internet or in the zone of the first server.
#[derive(Debug)]
pub struct Guard {
    base: String,
    named_by: NamedBy,
    /// The zone of the first server, set when the server's address is resolved.
    zone: OnceLock<Zone>,
    /// Host names of the proxies between this machine and the internet.
    proxies: Vec<String>,
}

/// Error for an address that a client must not connect to.
#[derive(Debug, thiserror::Error)]
#[error("address {ip} of {host} is denied: it belongs to {network}")]
struct Refused {
    host: String,
    ip: IpAddr,
    network: &'static str,
}

impl Guard {
    /// Creates the guard of a client of this server.
    ///
    /// # Errors
    /// Returns an error if `base` is an IP address that a client must not connect to.
    pub fn new(base: &Url, named_by: NamedBy) -> Result<Arc<Self>, String> {
        let guard = Self {
            base: name(base.host_str().unwrap_or_default()),
            named_by,
            zone: OnceLock::new(),
            proxies: proxies(),
        };
        guard.check(base)?;
        Ok(Arc::new(guard))
    }

    /// Checks a URL whose host is an IP address. URLs with host names pass.
    ///
    /// # Errors
    /// Returns an error with the reason if a client must not connect to the address.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let Some(ip) = ip_of(url) else { return Ok(()) };
        let host = url.host_str().unwrap_or_default();
        self.admit(host, &[ip]).map(drop).map_err(|error| error.to_string())
    }

    /// Returns whether a stranger chose the first server.
    pub fn is_of_stranger(&self) -> bool {
        self.named_by == NamedBy::Stranger
    }

    /// Returns the zone of the first server, [`Zone::Public`] until the zone is known.
    pub fn zone(&self) -> Zone {
        self.zone.get().copied().unwrap_or(Zone::Public)
    }

    /// Returns those of a host's addresses that a client may connect to.
    fn admit(&self, host: &str, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Refused> {
        let is_base = name(host) == self.base;
        let named_by = if is_base { self.named_by } else { NamedBy::Server(self.zone()) };
        let admitted: Vec<IpAddr> =
            addresses.iter().copied().filter(|ip| named_by.admits(Zone::of(*ip))).collect();
        match (admitted.first(), addresses.first()) {
            (Some(first), _) if is_base => drop(self.zone.set(Zone::of(*first))),
            (None, Some(ip)) => {
                let network = match Zone::of(*ip) {
                    Zone::Loopback => "this machine",
                    Zone::Link => "a link-local network",
                    _ => "a private network",
                };
                return Err(Refused { host: host.to_owned(), ip: *ip, network });
            }
            _ => {}
        }
        Ok(admitted)
    }

    async fn look_up(&self, host: &str) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        let admitted = match self.proxies.contains(&name(host)) {
            true => found,
            false => self.admit(host, &found)?,
        };
        Ok(Box::new(admitted.into_iter().map(|ip| SocketAddr::new(ip, 0))))
    }
}

/// DNS resolver of a [`reqwest`] client.
#[derive(Debug)]
struct Resolver(Arc<Guard>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move { guard.look_up(name.as_str()).await })
    }
}

/// Normalizes a host name for comparison.
fn name(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Returns the host names of the proxies in the environment.
fn proxies() -> Vec<String> {
    let variables = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
    let values = variables.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
    let urls = values.filter_map(std::env::var_os).filter_map(|value| {
        let value = value.into_string().ok()?;
        Url::parse(&value).or_else(|_| Url::parse(&format!("http://{value}"))).ok()
    });
    urls.filter_map(|url| url.host_str().map(name)).collect()
}

/// Returns the innermost error as text; reqwest's own text would show the whole URL.
pub fn root_cause(error: &reqwest::Error) -> String {
    let mut inner = error.source();
    while let Some(deeper) = inner.and_then(std::error::Error::source) {
        inner = Some(deeper);
    }
    let host = error
        .url()
        .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    let host = host.as_deref().unwrap_or("the service");
    match inner {
        Some(inner) if error.is_connect() => format!("cannot connect to {host}: {inner}"),
        Some(inner) if error.is_redirect() => inner.to_string(),
        Some(inner) => format!("connection to {host} failed: {inner}"),
        None if error.is_timeout() => format!("no response from {host} in time"),
        None => "cannot send the request".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(base: &str, named_by: NamedBy) -> Result<Arc<Guard>, String> {
        Guard::new(&Url::parse(base).unwrap(), named_by)
    }

    fn admits(guard: &Guard, host: &str, ip: &str) -> bool {
        guard.admit(host, &[ip.parse().unwrap()]).is_ok()
    }

    #[test]
    fn resolved_address_decides_the_zone() {
        let own = guard("https://registry.example", NamedBy::User).unwrap();
        assert!(admits(&own, "registry.example", "93.184.216.34"));
        for ip in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254"]
        {
            assert!(!admits(&own, "cdn.example", ip), "{ip}");
        }
        assert!(admits(&own, "cdn.example", "1.1.1.1"));
        assert!(own.check(&Url::parse("https://[::ffff:7f00:1]/").unwrap()).is_err());
        let error = own.admit("localhost.", &["127.0.0.1".parse().unwrap()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "address 127.0.0.1 of localhost. is denied: it belongs to this machine"
        );
    }

    #[test]
    fn server_may_redirect_within_its_own_zone() {
        let own = guard("https://registry.corp", NamedBy::User).unwrap();
        assert!(admits(&own, "REGISTRY.corp.", "10.0.0.1"));
        assert!(admits(&own, "store.corp", "10.0.0.2"));
        assert!(!admits(&own, "store.corp", "127.0.0.1"));
        assert!(!admits(&own, "store.corp", "169.254.169.254"));
        let local = guard("http://127.0.0.1:5000", NamedBy::User).unwrap();
        assert_eq!(local.zone(), Zone::Loopback);
        assert!(admits(&local, "localhost", "::1") && !admits(&local, "x.corp", "10.0.0.1"));
    }

    #[test]
    fn stranger_named_hosts_must_be_public() {
        for base in ["http://127.0.0.1:5000", "https://10.0.0.1", "https://[::1]", "http://0.0.0.0"]
        {
            assert!(guard(base, NamedBy::Stranger).is_err(), "{base}");
        }
        let other = guard("https://registry.example", NamedBy::Stranger).unwrap();
        assert!(!admits(&other, "registry.example", "127.0.0.1"));
        assert!(!admits(&other, "registry.example", "192.168.1.1"));
        assert!(admits(&other, "registry.example", "93.184.216.34"));
    }
}
