//! The permissions that a driver requests, and those that a project grants.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::endpoints::{Endpoint, endpoint, endpoints};
use osiris_core::driver::provenance::{Origins, PathGrant, Provenance, path_grant};
use osiris_core::driver::spec::{self, Files, Spec};
use osiris_core::redact::MASK;
use osiris_core::sanitize::escape_control;
use osiris_core::secret_keys;
use serde::Serialize;
use serde_json::Value;

use super::ceilings::FileCeiling;
use super::permissions::{Permission, RequestedPermissions, part};
use super::policy::Policy;

/// A permission that a driver can request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PermissionReport {
    /// `files`, `network` or `secrets`.
    pub right: &'static str,
    /// Description of the permission.
    pub what: String,
    /// The decision on the permission.
    pub verdict: Verdict,
    /// The reason for the decision.
    pub why: String,
    /// The path, or the host and port, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The origin of the value; for a host and port, the origins of both in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_by: Vec<Provenance>,
}

/// A configuration as the user wrote it, with the origins of its parts.
#[derive(Debug, Clone, Copy)]
pub struct Known<'c> {
    /// The configuration with its connection.
    pub config: &'c Value,
    /// The origins of the configuration's parts.
    pub origins: &'c Origins,
}

/// The facts about a requested permission.
struct Found {
    what: String,
    value: Option<String>,
    set_by: Vec<Provenance>,
    /// Whether the configuration leaves the field out.
    is_unset: bool,
}

/// The decision on a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The permission is granted.
    Granted,
    /// The permission is granted if the step's configuration stays within a ceiling.
    Bounded,
    /// The permission is requested, but not granted.
    Refused,
    /// The permission is neither requested nor granted.
    Unasked,
}

impl PermissionReport {
    /// Returns the decision, `allow:` or `deny:`, and the description of the permission.
    pub fn sentence(&self) -> (&'static str, String) {
        let Self { what, why, .. } = self;
        match self.verdict {
            Verdict::Granted => ("allow:", what.clone()),
            Verdict::Bounded => ("allow:", format!("{what}, but {why}")),
            Verdict::Refused => ("deny:", format!("{what}: {why}")),
            Verdict::Unasked => ("deny:", what.clone()),
        }
    }
}

impl Policy {
    /// Returns the requested permissions with the project's decisions, and the permissions that
    /// the spec does not request. If the configuration is known, the descriptions contain its
    /// values.
    pub fn permission_reports(
        &self,
        spec: &Spec,
        built_in: bool,
        known: Option<Known<'_>>,
    ) -> Vec<PermissionReport> {
        let mut reports: Vec<PermissionReport> = Vec::new();
        for permission in RequestedPermissions::of(spec).permissions {
            let found =
                known.map_or_else(|| literal(&permission), |known| found(&permission, spec, known));
            let (right, (verdict, why)) = match &permission {
                Permission::Connect(..) => ("network", self.network(&permission, &found, built_in)),
                Permission::Read(_) => ("files", self.files(FileCeiling::Read, built_in)),
                Permission::Write(_) => ("files", self.files(FileCeiling::Write, built_in)),
            };
            let Found { what, value, set_by, is_unset } = found;
            let (verdict, why) = match is_unset {
                true => (Verdict::Unasked, "not set in the configuration".to_owned()),
                false => (verdict, why),
            };
            // The description already contains a literal.
            let (value, set_by) = known.map(|_| (value, set_by)).unwrap_or_default();
            reports.push(PermissionReport { right, what, verdict, why, value, set_by });
        }
        let mut add = |right, what, verdict, why: &str| {
            let why = why.to_owned();
            reports.push(PermissionReport {
                right,
                what,
                verdict,
                why,
                value: None,
                set_by: Vec::new(),
            });
        };
        for pointer in &spec.secrets {
            let why = "declared in the spec, and set in the connection or configuration";
            let what = format!("receive the secret {}", part(pointer));
            add("secrets", what, Verdict::Granted, why);
        }
        let unasked = "not requested in the spec";
        if spec.files == Files::default() {
            let what = "read or write files other than its own artifacts".to_owned();
            add("files", what, Verdict::Unasked, unasked);
        }
        if spec.network.is_empty() {
            add("network", "connect to any host".to_owned(), Verdict::Unasked, unasked);
        }
        reports
    }

    /// Checks that the permissions of a call with this configuration stay within the ceilings.
    /// `step` is the id of the calling step, if any.
    ///
    /// # Errors
    /// Returns an error if a permission exceeds a ceiling; the error names both.
    pub fn check_ceilings(
        &self,
        step: Option<&str>,
        spec: &Spec,
        built_in: bool,
        config: &Value,
    ) -> Result<()> {
        if built_in {
            return Ok(());
        }
        let step = step.map(|step| format!("step `{step}`: ")).unwrap_or_default();
        let name = &spec.name;
        let exceeded = |position, what: String, rule: &str, help: String| {
            let message = format!(
                "{step}driver `{name}` requests more than `drivers.ceilings.{rule}` allows: {what}"
            );
            let problem = Diagnostic::new(Code::CeilingExceeded, message);
            Err(Error::environment(problem.at(&self.file, position).help(help)))
        };
        if let Some((position, ceiling)) = self.ceilings.files {
            // Write access includes read access, so the widest request is reported first.
            for permission in RequestedPermissions::of(spec).permissions.iter().rev() {
                let (name, access) = match permission {
                    Permission::Write(name) => (name, FileCeiling::Write),
                    Permission::Read(name) => (name, FileCeiling::Read),
                    Permission::Connect(..) => continue,
                };
                if access > ceiling && config.pointer(&name.text).is_some_and(|v| !v.is_null()) {
                    let help = format!("to allow this, set `files: {access}` here");
                    return exceeded(position, permission.to_string(), "files", help);
                }
            }
        }
        if let Some((position, allowed)) = &self.ceilings.network {
            for endpoint in endpoints(spec, config) {
                let (host, port) = (&endpoint.host, endpoint.port);
                if !allowed.iter().any(|one| one.covers(host, port)) {
                    let what = format!("connect to {endpoint}");
                    let help = match allowed.is_empty() {
                        true => format!("to allow this, set `network: [\"{endpoint}\"]` here"),
                        false => format!("to allow this, add `\"{endpoint}\"` to the list here"),
                    };
                    return exceeded(*position, what, "network", help);
                }
            }
        }
        Ok(())
    }

    fn files(&self, access: FileCeiling, built_in: bool) -> (Verdict, String) {
        match self.ceilings.files.filter(|_| !built_in) {
            None => (Verdict::Granted, declared(built_in)),
            Some((position, ceiling)) => {
                let verdict = if access <= ceiling { Verdict::Granted } else { Verdict::Refused };
                let line = position.line;
                (verdict, format!("`drivers.ceilings.files` is `{ceiling}` (line {line})"))
            }
        }
    }

    fn network(&self, permission: &Permission, found: &Found, built_in: bool) -> (Verdict, String) {
        let literal = match permission {
            Permission::Connect(host, _) => {
                Some(host.text.as_str()).filter(|host| !host.starts_with('/'))
            }
            _ => None,
        };
        if literal.is_some_and(|host| !leads_anywhere(host)) {
            let why = "the spec names an address that is not on the internet".to_owned();
            return (Verdict::Refused, why);
        }
        let Some((position, allowed)) = self.ceilings.network.as_ref().filter(|_| !built_in) else {
            return (Verdict::Granted, declared(built_in));
        };
        let line = position.line;
        if allowed.is_empty() {
            return (
                Verdict::Refused,
                format!("`drivers.ceilings.network` is `false` (line {line})"),
            );
        }
        let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let address = found.value.as_deref().and_then(|value| value.rsplit_once(':'));
        let address = address.and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let covered = address.map(|(host, port)| allowed.iter().any(|one| one.covers(host, port)));
        let verdict = match covered {
            // The same ceiling applies to any other configuration.
            None => Verdict::Bounded,
            Some(true) if literal.is_none() => Verdict::Bounded,
            Some(true) => Verdict::Granted,
            Some(false) => Verdict::Refused,
        };
        (verdict, format!("`drivers.ceilings.network` only allows {list} (line {line})"))
    }
}

/// Returns whether drivers may connect to a literal host from the author at all.
fn leads_anywhere(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let by = Provenance::Author;
    Endpoint { host, port: 0, host_by: by, port_by: by }.leads_anywhere()
}

/// Describes a request without a configuration.
fn literal(permission: &Permission) -> Found {
    let what = permission.to_string();
    let value = match permission {
        Permission::Connect(host, port)
            if !host.text.starts_with('/') && !port.text.starts_with('/') =>
        {
            Some(format!("{}:{}", host.text, port.text))
        }
        _ => None,
    };
    let set_by = vec![Provenance::Author; if value.is_some() { 2 } else { 0 }];
    Found { what, value, set_by, is_unset: false }
}

/// Describes a request with the values of a configuration.
fn found(permission: &Permission, spec: &Spec, known: Known<'_>) -> Found {
    let unset = || Found { is_unset: true, value: None, ..literal(permission) };
    match permission {
        Permission::Connect(host_name, port_name) => {
            let same = |entry: &&spec::EndpointSpec| {
                let port =
                    entry.port.as_str().map_or_else(|| entry.port.to_string(), str::to_owned);
                entry.host == host_name.text && port == port_name.text
            };
            let entry = spec.network.iter().find(same);
            let endpoint =
                entry.and_then(|entry| endpoint(spec, entry, known.config, known.origins));
            let Some(Endpoint { host, port, host_by, port_by }) = endpoint else { return unset() };
            let by = match host_by == port_by {
                true => format!(", set by {host_by}"),
                false => format!(", the host set by {host_by}, the port by {port_by}"),
            };
            let host = shown(&host_name.text, host);
            Found {
                what: format!("connect to {} port {port}{by}", escape_control(&host)),
                value: Some(Endpoint { host, port, host_by, port_by }.to_string()),
                set_by: vec![host_by, port_by],
                is_unset: false,
            }
        }
        Permission::Read(name) | Permission::Write(name) => {
            let Some(PathGrant { path, origin }) =
                path_grant(known.config, &name.text, known.origins)
            else {
                return unset();
            };
            let path = shown(&name.text, path);
            let line = escape_control(&path);
            let what = match permission {
                Permission::Read(_) => format!("read {line}, set by {origin}"),
                _ => format!(
                    "read and write {line}, set by {origin}, and files that the driver creates next to it"
                ),
            };
            Found { what, value: Some(path), set_by: vec![origin], is_unset: false }
        }
    }
}

/// Returns the value of a field, masked if the field is named like a secret: a spec can request
/// any.
fn shown(pointer: &str, value: String) -> String {
    match pointer.starts_with('/')
        && pointer.rsplit('/').next().is_some_and(secret_keys::is_secret_key)
    {
        true => MASK.to_owned(),
        false => value,
    }
}

fn declared(built_in: bool) -> String {
    match built_in {
        true => "declared in the spec; ceilings do not apply to drivers that come with osiris"
            .to_owned(),
        false => "declared in the spec, and no ceiling denies it".to_owned(),
    }
}
