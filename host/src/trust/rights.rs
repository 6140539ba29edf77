//! What a driver asks for, and what of it a project gives.

use serde::Serialize;
use serde_json::Value;

use super::asks::{Ask, Asks, part};
use super::ceilings::FileCeiling;
use super::policy::Policy;
use crate::driver::network::endpoints;
use crate::driver::spec::{Files, Spec};
use crate::problem::{Error, Problem, Result};

/// Something that a driver may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// files, network or secrets.
    pub right: &'static str,
    /// In words.
    pub what: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}

/// What becomes of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is given.
    Granted,
    /// It is given if the step's configuration stays below a ceiling.
    Bounded,
    /// It is asked for, but not given.
    Refused,
    /// It is not asked for, and not given.
    Unasked,
}

impl Right {
    /// How a sentence on it begins, and how it goes on.
    pub fn told(&self) -> (&'static str, String) {
        let Self { what, why, .. } = self;
        match self.verdict {
            Verdict::Granted => ("may", what.clone()),
            Verdict::Bounded => ("may", format!("{what}, but {why}")),
            Verdict::Refused => ("may not", format!("{what}: {why}")),
            Verdict::Unasked => ("may not", what.clone()),
        }
    }
}

impl Policy {
    /// What a spec asks for, what of it this project gives, and what it does without.
    pub fn rights(&self, spec: &Spec, built_in: bool) -> Vec<Right> {
        let mut rights: Vec<Right> = Vec::new();
        let mut add =
            |right, what, (verdict, why)| rights.push(Right { right, what, verdict, why });
        for ask in Asks::of(spec).rights {
            let what = ask.to_string();
            match &ask {
                Ask::Dial(host, port) => add("network", what, self.network(host, port, built_in)),
                Ask::Read(_) => add("files", what, self.files(FileCeiling::Read, built_in)),
                Ask::Write(_) => add("files", what, self.files(FileCeiling::Write, built_in)),
            }
        }
        for pointer in &spec.secrets {
            let why = "the spec declares it, and its connection or configuration holds it";
            let what = format!("be given the secret {}", part(pointer));
            add("secrets", what, (Verdict::Granted, why.to_owned()));
        }
        let unasked = || (Verdict::Unasked, "the spec does not ask for it".to_owned());
        if spec.files == Files::default() {
            add("files", "read or write anything but its own artifacts".to_owned(), unasked());
        }
        if spec.network.is_empty() {
            add("network", "dial anything".to_owned(), unasked());
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
        let step = step.map(|step| format!("step `{step}`: ")).unwrap_or_default();
        let name = &spec.name;
        let refused = |position, what: String, rule: &str, help: String| {
            let message = format!(
                "{step}the driver `{name}` asks for more than `drivers.ceilings.{rule}` allows: to {what}"
            );
            let problem = Problem::new("beyond_ceiling", message);
            Err(Error::environment(problem.at(&self.file, position).help(help)))
        };
        if let Some((position, ceiling)) = self.ceilings.files {
            // Who lets it write lets it read: what is asked for most is told first.
            for ask in Asks::of(spec).rights.iter().rev() {
                let (pointer, access) = match ask {
                    Ask::Write(pointer) => (pointer, FileCeiling::Write),
                    Ask::Read(pointer) => (pointer, FileCeiling::Read),
                    Ask::Dial(..) => continue,
                };
                if access > ceiling && config.pointer(pointer).is_some_and(|v| !v.is_null()) {
                    let help = format!("write 'files: {access}' there if drivers may");
                    return refused(position, ask.to_string(), "files", help);
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

    fn network(&self, host: &str, port: &str, built_in: bool) -> (Verdict, String) {
        let Some((position, allowed)) = self.ceilings.network.as_ref().filter(|_| !built_in) else {
            return (Verdict::Granted, declared(built_in));
        };
        let line = position.line;
        if allowed.is_empty() {
            return (Verdict::Refused, format!("`drivers.ceilings.network` is false, line {line}"));
        }
        let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        let list = list.join(", ");
        let port = port.parse().ok().filter(|_| !host.starts_with('/'));
        let verdict = match port.map(|port| allowed.iter().any(|one| one.covers(host, port))) {
            None => Verdict::Bounded,
            Some(true) => Verdict::Granted,
            Some(false) => Verdict::Refused,
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
