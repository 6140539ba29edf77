//! `osiris run --on e2b`: options and plan of a run in a sandbox.

use std::collections::BTreeMap;
use std::time::Duration;

use e2b_client::Settings;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::redact::Redactor;
use osiris_core::sanitize::escape_control;
use osiris_e2b::runner::{self, E2bRunner, Notice, NoticeSender, Options, Payload};
use osiris_pipeline::connection::Environment;
use osiris_runtime::run::Prepared;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::render::{DIM, format_bytes, paint};

/// The variable that has the same effect as `--e2b-install-deps`.
const INSTALL: &str = "OSIRIS_E2B_INSTALL_DEPS";
/// Variables that must not enter a sandbox.
const KEYS: [&str; 2] = ["E2B_API_KEY", "E2B_ACCESS_TOKEN"];

/// The place of a run other than this machine.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Place {
    /// A cloud sandbox of E2B
    E2b,
}

/// Options for a run in E2B. All but the first are in `osiris help e2b`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in super::super) struct E2b {
    /// Run in a cloud sandbox with `--on e2b`: see `osiris help e2b`
    #[arg(long, value_name = "PLACE", hide_possible_values = true, group = "sandbox")]
    on: Option<Place>,
    /// Same as `--on e2b`
    #[arg(long, hide = true, group = "sandbox")]
    e2b: bool,
    /// Upload osiris and drivers that the template lacks to the sandbox
    ///
    /// Same as OSIRIS_E2B_INSTALL_DEPS=1.
    #[arg(long, hide = true, requires = "sandbox")]
    e2b_install_deps: bool,
    /// Sandbox template; `osiris e2b template` builds a template that contains osiris
    #[arg(long, hide = true, requires = "sandbox", value_name = "NAME", default_value = "base")]
    e2b_template: String,
    /// Maximum lifetime of the sandbox, in seconds
    #[arg(long, hide = true, requires = "sandbox", value_name = "SECONDS", default_value_t = 86_400,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    e2b_timeout: u64,
    /// Set a variable for connections and in the sandbox; can be repeated
    ///
    /// E2B can read the value: pass secrets through connections instead.
    #[arg(long = "e2b-env", hide = true, requires = "sandbox", value_name = "NAME=VALUE", value_parser = variable)]
    e2b_env: Vec<(String, String)>,
    /// Set a variable in the sandbox to its local value; can be repeated
    #[arg(long = "e2b-pass-env", hide = true, requires = "sandbox", value_name = "NAME", value_parser = name)]
    e2b_pass_env: Vec<String>,
    /// Keep the sandbox after the run, for inspection
    #[arg(long, hide = true, requires = "sandbox")]
    e2b_keep: bool,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((self::name(name)?, value.to_owned()))
}

fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.bytes().all(plain)
    {
        return Err("a variable name contains only letters, digits and `_`, and does not start with a digit".to_owned());
    }
    if KEYS.contains(&text) {
        return Err("an E2B key cannot be passed to a sandbox".to_owned());
    }
    Ok(text.to_owned())
}

impl E2b {
    /// Returns whether the run takes place in a sandbox.
    pub(super) fn is_on(&self) -> bool {
        self.e2b || self.on.is_some()
    }

    /// Returns the variables that are set for this run only.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.e2b_env.iter().cloned()
    }

    /// Creates the run in a sandbox, and the receiver of its notes.
    pub(super) fn runner(
        &self,
        prepared: Prepared,
        catalog: &DriverCatalog,
        environment: &Environment,
    ) -> Result<(E2bRunner, UnboundedReceiver<Notice>)> {
        let options = self.options(environment)?;
        let payload = Payload::collect(&prepared, catalog)?;
        let secrets = prepared.job().secrets.values();
        let redactor = Redactor::new(secrets.flat_map(|secrets| secrets.values.iter().cloned()))?;
        let (sender, notes) = unbounded_channel();
        let notes_to = NoticeSender::new(sender, redactor);
        Ok((E2bRunner::new(options, prepared, payload, notes_to)?, notes))
    }

    fn options(&self, environment: &Environment) -> Result<Options> {
        let settings =
            Settings::from(|name| environment.variable(name)).map_err(osiris_e2b::problem)?;
        let passed_variables = self.e2b_pass_env.iter().map(|name| {
            let unset = || {
                let message =
                    format!("cannot pass `{name}` to the sandbox: the variable is not set");
                let help = format!("run `export {name}=...`, or remove `--e2b-pass-env {name}`");
                Error::environment(Diagnostic::new(Code::VariableUnset, message).help(help))
            };
            Ok((name.clone(), environment.get(name).ok_or_else(unset)?))
        });
        let mut env = passed_variables.collect::<Result<BTreeMap<_, _>>>()?;
        env.extend(self.variables());
        let is_enabled = environment.get(INSTALL).is_some_and(|value| value != "0");
        Ok(Options {
            settings,
            template: self.e2b_template.clone(),
            limit: Duration::from_secs(self.e2b_timeout),
            install: self.e2b_install_deps || is_enabled,
            env,
            keep: self.e2b_keep,
        })
    }

    /// Describes the uploads and connections of a run, as JSON and as text.
    pub(super) fn plan(
        &self,
        prepared: &Prepared,
        catalog: &DriverCatalog,
    ) -> Result<(Value, String)> {
        let payload = Payload::collect(prepared, catalog)?;
        let endpoints = runner::destinations(prepared);
        let mut destinations: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        destinations.dedup();
        let local = runner::unreachable(&endpoints);
        let uploads: Vec<_> = payload.blobs().collect();
        let total: u64 = uploads.iter().map(|(_, blob)| blob.size).sum();
        let json = json!({
            "template": self.e2b_template,
            "timeout_seconds": self.e2b_timeout,
            "uploads": uploads.iter().map(|(name, blob)| {
                json!({"name": name, "size": blob.size, "sha256": blob.sha256})
            }).collect::<Vec<_>>(),
            "destinations": destinations,
            "unreachable": local,
        });
        let mut text = format!(
            "E2B  template {}  {} s\n",
            escape_control(&self.e2b_template),
            self.e2b_timeout
        );
        for (name, blob) in &uploads {
            let size = paint(DIM, &format_bytes(blob.size));
            text.push_str(&format!("   uploads {}  {size}\n", escape_control(name)));
        }
        let note = "files that the template contains are not sent";
        text.push_str(&format!("   total   {}  {}\n", format_bytes(total), paint(DIM, note)));
        let list =
            if destinations.is_empty() { "nothing".to_owned() } else { destinations.join(", ") };
        text.push_str(&format!("   opens   {}\n", escape_control(&list)));
        if !local.is_empty() {
            let local = local.join(", ");
            text.push_str(&format!(
                "   warning E2B cannot reach {}, which is on the local network\n",
                escape_control(&local)
            ));
        }
        Ok((json, text))
    }
}
