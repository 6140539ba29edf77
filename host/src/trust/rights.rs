//! What a driver asks for, and what of it a project gives.

use serde::Serialize;
use serde_json::Value;

use super::ceilings::FileCeiling;
use super::policy::Policy;
use crate::driver::network::endpoints;
use crate::driver::spec::{Endpoint, Spec};
use crate::problem::{Error, Problem, Result};

/// Something that a driver asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// files, network or secrets.
    pub right: &'static str,
    /// In words.
    pub asked: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}

/// What becomes of something that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is given.
    Granted,
    /// It is given if the step's configuration stays below a ceiling.
    Bounded,
    /// It is not.
    Refused,
}

impl Policy {
    /// What a spec asks for, and what of it this project gives.
    pub fn rights(&self, spec: &Spec, built_in: bool) -> Vec<Right> {
        let mut rights = Vec::new();
        for (pointers, access, verb) in [
            (&spec.files.read, FileCeiling::Read, "read"),
            (&spec.files.write, FileCeiling::Write, "write"),
        ] {
            if !pointers.is_empty() {
                let asked = format!("{verb} files of the project that {} names", named(pointers));
                let (verdict, why) = self.files(access, built_in);
                rights.push(Right { right: "files", asked, verdict, why });
            }
        }
        for endpoint in &spec.network {
            let (host, port) = (part(&Value::from(endpoint.host.as_str())), part(&endpoint.port));
            let (verdict, why) = self.network(endpoint, built_in);
            let asked = format!("dial {host} port {port}");
            rights.push(Right { right: "network", asked, verdict, why });
        }
        if !spec.secrets.is_empty() {
            rights.push(Right {
                right: "secrets",
                asked: format!("be given {}", named(&spec.secrets)),
                verdict: Verdict::Granted,
                why:
                    "the spec declares it, and the step's own connection or configuration holds it"
                        .to_owned(),
            });
        }
        rights
    }

    /// Checks that what a call with this configuration would be given stays below
    /// the ceilings. `step` is whose call it is, if it is a step's.
    ///
    /// # Errors
    /// What is beyond which ceiling.
    pub fn check_call(
        &self,
        step: Option<&str>,
        spec: &Spec,
        built_in: bool,
        config: &Value,
    ) -> Result<()> {
        if built_in {
            return Ok(());
        }
        let names = |pointers: &[String]| {
            pointers.iter().any(|pointer| config.pointer(pointer).is_some_and(|v| !v.is_null()))
        };
        let step = step.map(|step| format!("step `{step}`: ")).unwrap_or_default();
        let name = &spec.name;
        let refused = |position, what: String, rule: &str, help: String| {
            let message = format!(
                "{step}the driver `{name}` asks to {what}, which `drivers.ceilings.{rule}` does not allow"
            );
            let problem = Problem::new("beyond_ceiling", message);
            Err(Error::environment(problem.at(&self.file, position).help(help)))
        };
        if let Some((position, ceiling)) = self.ceilings.files {
            for (pointers, access, verb) in [
                (&spec.files.write, FileCeiling::Write, "write"),
                (&spec.files.read, FileCeiling::Read, "read"),
            ] {
                if access > ceiling && names(pointers) {
                    let what = format!("{verb} files of the project ({})", named(pointers));
                    let help = format!("write 'files: {verb}' there if drivers may");
                    return refused(position, what, "files", help);
                }
            }
        }
        if let Some((position, allowed)) = &self.ceilings.network {
            for endpoint in endpoints(spec, config) {
                let (host, port) = (&endpoint.host, endpoint.port);
                if !allowed.iter().any(|one| one.covers(host, port)) {
                    let shown = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                    let what = format!("dial {shown}:{port}");
                    let help = match allowed.is_empty() {
                        true => {
                            format!("write 'network: [\"{shown}:{port}\"]' there if drivers may")
                        }
                        false => format!("add \"{shown}:{port}\" to the list there if drivers may"),
                    };
                    return refused(*position, what, "network", help);
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
                (verdict, format!("`drivers.ceilings.files` is '{ceiling}', line {line}"))
            }
        }
    }

    fn network(&self, asked: &Endpoint, built_in: bool) -> (Verdict, String) {
        let Some((position, allowed)) = self.ceilings.network.as_ref().filter(|_| !built_in) else {
            return (Verdict::Granted, declared(built_in));
        };
        let line = position.line;
        if allowed.is_empty() {
            return (Verdict::Refused, format!("`drivers.ceilings.network` is false, line {line}"));
        }
        let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let literal = |port: &Value| port.as_u64().and_then(|port| u16::try_from(port).ok());
        let verdict = match literal(&asked.port).filter(|_| !asked.host.starts_with('/')) {
            None => Verdict::Bounded,
            Some(port) => match allowed.iter().any(|one| one.covers(&asked.host, port)) {
                true => Verdict::Granted,
                false => Verdict::Refused,
            },
        };
        (verdict, format!("`drivers.ceilings.network` has {list}, line {line}"))
    }
}

fn declared(built_in: bool) -> String {
    match built_in {
        true => "the spec declares it, and ceilings do not hold for drivers of osiris".to_owned(),
        false => "the spec declares it, and no ceiling forbids it".to_owned(),
    }
}

/// Pointers as their fields: `` `path` and `resolved_connection/host` ``.
fn named(pointers: &[String]) -> String {
    pointers.iter().map(|pointer| field(pointer)).collect::<Vec<_>>().join(" and ")
}

fn field(pointer: &str) -> String {
    format!("`{}`", pointer.trim_start_matches('/'))
}

/// A literal, or the field that a pointer leads to.
fn part(value: &Value) -> String {
    match value.as_str() {
        Some(text) if text.starts_with('/') => field(text),
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}
