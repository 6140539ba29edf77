//! `osiris connections doctor`.

use std::time::Duration;

use osiris_core::diagnostic::{Error, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use osiris_core::redact::Redactor;
use osiris_core::sanitize::escape_control;
use osiris_engine::process_sandbox::{OutputDirs, ProcessSandbox};
use osiris_engine::{CompiledDriver, Engine, Health};
use osiris_pipeline::connection::{self, Connections, Environment, Reference, Secrets};
use osiris_registry::trust::Known;
use osiris_runtime::Workspace;
use serde_json::{Value, json};

use super::super::complete;
use super::super::probe::{self, Probe};
use super::super::render::{BOLD, DIM, ERROR, SUCCESS, paint};
use super::super::secrets::warn_short;
use super::super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris connections doctor                             test all connections
  osiris connections doctor @mysql.main --timeout 10    test one connection
  osiris connections doctor --family mysql              test the connections of a family
  osiris connections doctor --json                      with category and latency

Failures are classified as auth, network, permission, timeout or unknown. Exits with 3
if a test fails.";

/// Test connections
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Connection, like @mysql.main
    #[arg(value_name = "@FAMILY.ALIAS", conflicts_with_all = ["family", "alias"], add = complete::connections())]
    connection: Option<String>,
    /// Only connections of this family
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
    /// Only the connection with this alias
    #[arg(long, value_name = "NAME", requires = "family")]
    alias: Option<String>,
    /// Timeout of each test, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    timeout: f64,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.001..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "expected a number from 0.001 to 3600".to_owned())
}

/// The result for one connection.
struct Violation {
    family: String,
    alias: String,
    driver: Option<String>,
    health: Health,
}

pub(super) fn doctor(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let connections = Connections::read(workspace.project.base())?;
    let environment = Environment::read(workspace.project.base())?;
    let only = args.connection.as_deref().map(str::parse::<Reference>).transpose();
    let only = only.map_err(Error::invalid)?;
    let (only_family, only_alias) = match &only {
        Some(Reference { family, alias }) => (Some(family), Some(alias)),
        None => (args.family.as_ref(), args.alias.as_ref()),
    };
    if let Some(family) = only_family
        && (only_alias.is_some() || !connections.families.contains_key(family))
    {
        connections.choose(family, only_alias.map(String::as_str))?;
    }
    let engine = Engine::new()?;
    let (mut sandbox, dirs) =
        (ProcessSandbox::default(), OutputDirs::new(workspace.project.base()));
    let mut checks = Vec::new();
    for (family, aliases) in &connections.families {
        if only_family.is_some_and(|only| only != family) {
            continue;
        }
        let driver = workspace
            .drivers
            .drivers()
            .find(|driver| driver.spec.family() == family && driver.spec.capabilities.doctor);
        for alias in aliases.keys() {
            if only_alias.is_some_and(|only| only != alias) {
                continue;
            }
            let reference = Reference { family: family.clone(), alias: alias.clone() };
            let mut prepare = |file| {
                let DriverFile { spec, .. }: &DriverFile = file;
                let config =
                    connection::connection_config(&reference, spec, &connections, &environment)?;
                let secrets = Secrets::find(&config, spec, &connections, &environment);
                warn_short(&format!("{reference}: "), &secrets, shell);
                let redactor = Redactor::new(secrets.values)?;
                let origins = connection::origins(&config, spec, &connections, &environment);
                let known_config = Known { config: &config, origins: &origins };
                let code = probe::code(&engine, &workspace, file, known_config, shell)?;
                let call = probe::call(&workspace, file, &config, &redactor)?;
                dirs.admit(&mut sandbox, &code, &call.grants);
                Ok(Question { file, code, config, redactor })
            };
            let question = driver.map(|driver| prepare(driver.as_ref()));
            checks.push((reference, driver, question));
        }
    }
    let probe = Probe::start(engine, &sandbox)?;
    let findings = checks.into_iter().map(|(reference, driver, question)| {
        let Reference { family, alias } = reference;
        let health = match question {
            None => {
                unknown(format!("no driver of the family `{family}` supports connection checks"))
            }
            Some(question) => question
                .and_then(|question| examine(&probe, &workspace, &question, args.timeout))
                .unwrap_or_else(|error| unknown(error.first().message.clone())),
        };
        let driver = driver.map(|driver| driver.spec.name.clone());
        Violation { family, alias, driver, health }
    });
    let findings: Vec<_> = findings.collect();
    dirs.clear();
    Ok(answer(&findings))
}

/// The check of one connection by a driver.
struct Question<'p> {
    file: &'p DriverFile,
    code: CompiledDriver,
    config: Value,
    redactor: Redactor,
}

fn unknown(message: String) -> Health {
    Health { category: "unknown".to_owned(), latency_ms: None, message }
}

fn examine(
    probe: &Probe,
    workspace: &Workspace,
    question: &Question<'_>,
    timeout: f64,
) -> Result<Health> {
    let Question { file, code, config, redactor } = question;
    let driver = probe.engine.link(code)?;
    let call = probe.call(workspace, file, config, redactor)?;
    let config = connection::driver_view(config, &file.spec);
    let connection = config.pointer(connection::connection_pointer(&file.spec));
    let connection = connection.unwrap_or(&Value::Null).to_string();
    let work = driver.doctor(&probe.engine, call, &connection, Duration::from_secs_f64(timeout));
    let mut health = probe.runtime.block_on(work);
    health.message = redactor.redact(&health.message).into_owned();
    health.latency_ms = health.latency_ms.filter(|ms| !redactor.hides_number((*ms).into()));
    Ok(health)
}

fn answer(findings: &[Violation]) -> CommandOutput {
    let json: Vec<Value> = findings
        .iter()
        .map(|Violation { family, alias, driver, health }| {
            json!({
                "connection": format!("@{family}.{alias}"),
                "family": family,
                "alias": alias,
                "driver": driver,
                "ok": health.category == "ok",
                "category": health.category,
                "latency_ms": health.latency_ms,
                "message": health.message,
            })
        })
        .collect();
    let mut text = String::new();
    for Violation { family, alias, health, .. } in findings {
        let sign =
            if health.category == "ok" { paint(SUCCESS, "✓") } else { paint(ERROR, "✗") };
        let name = paint(BOLD, &escape_control(&format!("@{family}.{alias}")));
        let latency = health.latency_ms.map(|ms| format!("{ms:.0} ms")).unwrap_or_default();
        let category = paint(DIM, &health.category);
        text.push_str(&format!(
            "{sign} {name}  {category} {latency} {}\n",
            escape_control(&health.message)
        ));
    }
    if findings.is_empty() {
        text.push_str("no connections to check\n");
    }
    let mut answer = CommandOutput::new(json!({"connections": json}), text);
    if findings.iter().any(|finding| finding.health.category != "ok") {
        answer.exit = ExitStatus::Environment as u8;
        answer.json["status"] = "error".into();
    }
    answer
}
