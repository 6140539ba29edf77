//! Addresses and key of E2B.

use std::path::PathBuf;

use osiris_core::variable::Variable;
use osiris_http::is_loopback;
use reqwest::Url;

use super::error::{Error, Kind, Result};
use super::secret::Secret;

/// E2B's own cloud.
const DOMAIN: &str = "e2b.app";

/// Domains whose sandboxes all share one host, `sandbox.<domain>`.
const SHARED: [&str; 4] = ["e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"];

/// Variables that decide where the key is sent.
const ADDRESSES: [&str; 3] = ["E2B_API_URL", "E2B_SANDBOX_URL", "E2B_DOMAIN"];

/// Port of envd in every sandbox.
pub(super) const ENVD_PORT: u16 = 49983;

/// Addresses and key of E2B. `Debug` hides the key.
#[derive(Debug, Clone)]
pub struct Settings {
    key: Secret,
    pub(super) api: Url,
    sandbox: Option<Url>,
    domain: String,
}

impl Settings {
    /// Reads `E2B_API_KEY` and the optional `E2B_DOMAIN` (`e2b.app`), `E2B_API_URL`
    /// (`https://api.<domain>`) and `E2B_SANDBOX_URL` (one address for all sandboxes, as used with
    /// the local stand-in).
    ///
    /// # Errors
    /// Returns `Auth` if there is no usable key or an address comes from a different place than the
    /// key, `Invalid` if another value is wrong. Plain `http` is accepted only for this machine.
    pub fn from(lookup: impl Fn(&str) -> Option<Variable>) -> Result<Self> {
        let find = |name| lookup(name).filter(|found| !found.value.trim().is_empty());
        let key_variable = find("E2B_API_KEY").ok_or_else(|| {
            Error::new(
                Kind::Auth,
                "`E2B_API_KEY` is not set: create a key at https://e2b.dev/dashboard and set \
                 `E2B_API_KEY` to it",
            )
        })?;
        let key = key_variable.value.trim();
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                Kind::Auth,
                "`E2B_API_KEY` is not a valid key: it contains a space or a character that is not \
                 ASCII; copy it again from https://e2b.dev/dashboard",
            ));
        }
        for name in ADDRESSES {
            if let Some(address) = find(name)
                && !address.may_lead(&key_variable)
            {
                return Err(origin_mismatch(name, &address, &key_variable));
            }
        }
        let lookup = |name| find(name).map(|found| found.value);
        let domain = lookup("E2B_DOMAIN").unwrap_or_else(|| DOMAIN.to_owned());
        let domain = host("E2B_DOMAIN", &domain)?;
        let api = match lookup("E2B_API_URL") {
            Some(text) => address("E2B_API_URL", &text)?,
            None => address("E2B_DOMAIN", &format!("https://api.{domain}"))?,
        };
        let sandbox =
            lookup("E2B_SANDBOX_URL").map(|text| address("E2B_SANDBOX_URL", &text)).transpose()?;
        Ok(Self { key: Secret::new(key), api, sandbox, domain })
    }

    /// Returns the key, for masking.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// Returns the control plane's address.
    pub fn api_url(&self) -> &str {
        self.api.as_str().trim_end_matches('/')
    }

    /// Returns the host name of the control plane, for an allow list or a message.
    pub fn api_host(&self) -> &str {
        self.api.host_str().unwrap_or_default()
    }

    /// Returns the address of a sandbox's envd; `domain` is the one reported by the control plane.
    pub(super) fn envd(&self, id: &str, domain: Option<&str>) -> Result<Url> {
        if let Some(url) = &self.sandbox {
            return Ok(url.clone());
        }
        let domain = host("the sandbox's domain", domain.unwrap_or(&self.domain))?;
        match SHARED.contains(&domain.as_str()) {
            true => address("E2B_DOMAIN", &format!("https://sandbox.{domain}")),
            false => address("E2B_DOMAIN", &format!("https://{ENVD_PORT}-{id}.{domain}")),
        }
    }
}

/// Returns the error for an address that comes from a different place than the key.
fn origin_mismatch(name: &str, address: &Variable, key: &Variable) -> Error {
    let origin = |file: &Option<PathBuf>| match file {
        Some(file) => format!("set in `{}`", file.display()),
        None => "exported".to_owned(),
    };
    let (address, key) = (origin(&address.file), origin(&key.file));
    Error::new(
        Kind::Auth,
        format!(
            "`{name}` is {address}, but `E2B_API_KEY` is {key}, and osiris sends a key only to an \
             address from the same source: export `{name}` if you trust the address, otherwise \
             remove it"
        ),
    )
}

/// Parses a domain name.
fn host(name: &str, text: &str) -> Result<String> {
    let text = text.trim().to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    match text.bytes().all(plain) && !text.starts_with('.') && text.len() <= 253 {
        true => Ok(text),
        false => Err(Error::new(
            Kind::Invalid,
            format!(
                "{name} is not a domain: use a name such as `e2b.app`, without `https://` or `/`"
            ),
        )),
    }
}

/// Parses a base URL and ends its path in a slash.
fn address(name: &str, text: &str) -> Result<Url> {
    let invalid = |why: &str| {
        Error::new(
            Kind::Invalid,
            format!("`{name}` is invalid: {why}; use an address such as `https://api.e2b.app`"),
        )
    };
    let mut url = Url::parse(text.trim()).map_err(|error| invalid(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it contains a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("it contains `?` or `#`"));
    }
    match url.scheme() {
        "https" if url.has_host() => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err(invalid(
                "`http` would send the key unencrypted, so the scheme must be `https`",
            ));
        }
        _ => return Err(invalid("the scheme is neither `https` nor `http`")),
    }
    let path = format!("{}/", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}
