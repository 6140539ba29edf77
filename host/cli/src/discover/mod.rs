//! `osiris discover`.

mod cache;
mod samples;
mod text;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::driver::DriverFile;
use osiris_core::redact::Redactor;
use osiris_engine::process_sandbox::{OutputDirs, ProcessSandbox};
use osiris_engine::{Column, Dataset, Driver, Engine};
use osiris_pipeline::connection::{self, Connections, Environment, Reference, Secrets};
use osiris_registry::trust::Known;
use osiris_runtime::Workspace;
use osiris_runtime::session::stamp;
use serde_json::{Map, Value, json};

use self::cache::{Changes, Discovery, DiscoveryCache, compare, is_fresh, schema};
use self::samples::{Rows, Sample};
use super::complete;
use super::preview;
use super::probe::{self, Probe};
use super::render::{SUCCESS, paint};
use super::secrets::warn_short;
use super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris discover @mysql.main                list tables, from the cache if it is fresh
  osiris discover @mysql.main --refresh      query the service again
  osiris discover @mysql.main --samples 3    also show the first rows of each table
  osiris discover @mysql.main --json         `fingerprint` changes only with the schema
  osiris discover data/orders.csv            list the columns of a file in the project

The cache is in .osiris/cache/discovery. It contains names and types, but no samples and
no secrets.";

/// Show the tables and columns behind a connection, or the columns of a file
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Connection, like @mysql.main, or file
    #[arg(value_name = "SOURCE", add = complete::endpoints())]
    source: String,
    /// Query the service even if the cache is fresh
    #[arg(long)]
    refresh: bool,
    /// Also show the first rows of each table
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..=1000))]
    samples: Option<u64>,
    /// Maximum age of cached results, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    ttl: u64,
}

pub(super) fn discover(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    if !args.source.starts_with('@') {
        if args.samples.is_some() {
            let message = "cannot show samples of a file: `--samples` is for connections";
            let help = format!("show its rows with `osiris preview {}`", args.source);
            return Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)));
        }
        return preview::describe(&args.source, shell);
    }
    let reference: Reference = args.source.parse().map_err(Error::invalid)?;
    let workspace = shell.workspace()?;
    let connections = Connections::read(workspace.project.base())?;
    connections.choose(&reference.family, Some(&reference.alias))?;
    let environment = Environment::read(workspace.project.base())?;
    let file = driver(&workspace, &reference)?;
    let config = connection::connection_config(&reference, &file.spec, &connections, &environment)?;
    let secrets = Secrets::find(&config, &file.spec, &connections, &environment);
    warn_short("", &secrets, shell);
    let connection_fingerprint = fingerprint_of(file, &secrets.mask(&config))?;
    let redactor = Redactor::new(secrets.values)?;
    let cache = DiscoveryCache::of(&workspace.project, &reference);
    let before =
        cache.read().filter(|cached| cached.connection_fingerprint == connection_fingerprint);
    let ttl = Duration::from_secs(args.ttl);
    let origins = connection::origins(&config, &file.spec, &connections, &environment);
    let known_config = Known { config: &config, origins: &origins };
    let engine = Engine::new()?;
    let code = probe::code(&engine, &workspace, file, known_config, shell)?;
    let (mut sandbox, dirs) =
        (ProcessSandbox::default(), OutputDirs::new(workspace.project.base()));
    dirs.admit(&mut sandbox, &code, &probe::call(&workspace, file, &config, &redactor)?.grants);
    dirs.own(&mut sandbox, cache.folder());
    dirs.own(&mut sandbox, &workspace.project.layout.tmp_dir());
    let probe = Probe::start(engine, &sandbox)?;
    let driver = probe.engine.link(&code)?;
    // An empty result is not reused, since new tables can exist by now.
    let is_usable = |cached: &&Discovery| !cached.resources.is_empty() && is_fresh(cached, ttl);
    let fresh = before.as_ref().filter(|_| !args.refresh).filter(is_usable);
    let (discovery, changes) = match fresh {
        Some(cached) => (cached.clone(), None),
        None => {
            let discovery = query_driver(
                &probe,
                &driver,
                &workspace,
                file,
                &config,
                &redactor,
                connection_fingerprint,
            )?;
            cache.write(&discovery)?;
            let changes = before.as_ref().map(|old| compare(&old.resources, &discovery.resources));
            (discovery, changes)
        }
    };
    let samples = match args.samples {
        Some(rows) if samples::can(file) => samples::read(
            &probe,
            &driver,
            file,
            &workspace,
            (&config, &redactor),
            &discovery.resources,
            rows,
        ),
        _ => BTreeMap::new(),
    };
    dirs.clear();
    Ok(answer(&reference, &discovery, fresh.is_some(), changes, &samples))
}

/// Returns the family's first driver that supports discovery.
fn driver<'p>(workspace: &'p Workspace, reference: &Reference) -> Result<&'p DriverFile> {
    let family = &reference.family;
    let mut drivers = workspace.drivers.drivers();
    let found =
        drivers.find(|driver| driver.spec.family() == family && driver.spec.capabilities.discover);
    found.map(AsRef::as_ref).ok_or_else(|| {
        let message = format!("no driver of the family `{family}` supports discovery");
        let help = "add a driver that supports discovery with `osiris drivers add`";
        Error::environment(Diagnostic::new(Code::DriverMissing, message).help(help))
    })
}

fn query_driver(
    probe: &Probe,
    driver: &Driver,
    workspace: &Workspace,
    file: &DriverFile,
    config: &Value,
    redactor: &Redactor,
    connection_fingerprint: String,
) -> Result<Discovery> {
    let started = Instant::now();
    let call = probe.call(workspace, file, config, redactor)?;
    let view = connection::driver_view(config, &file.spec).to_string();
    let datasets = probe.runtime.block_on(driver.discover(&probe.engine, call, &view));
    let datasets = datasets.map_err(|failure| {
        let message = redactor.redact(&failure.message).into_owned();
        let mut problem =
            Diagnostic::new(Code::DiscoveryFailed, format!("{}: {message}", file.spec.name));
        problem.help = match failure.kind {
            // The message names the limit to raise, if any can be raised.
            ErrorKind::Limit => None,
            _ => failure.of_driver(&file.spec.name).help.or_else(|| {
                Some("check the connection with `osiris connections doctor`".to_owned())
            }),
        };
        Error::new(ExitStatus::Environment, vec![problem])
    })?;
    let resources: Vec<_> = datasets.into_iter().map(|dataset| mask(dataset, redactor)).collect();
    Ok(Discovery {
        discovered_at: stamp(Timestamp::now()),
        driver: file.spec.name.clone(),
        connection_fingerprint,
        fingerprint: sha256(&json!(resources.iter().map(schema).collect::<Vec<_>>())),
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        resources,
    })
}

/// Masks secrets in a dataset, for the cache and the output.
fn mask(dataset: Dataset, redactor: &Redactor) -> Dataset {
    let text = |text: String| redactor.redact(&text).into_owned();
    let field = |field: Column| Column {
        name: text(field.name),
        native_type: text(field.native_type),
        format: text(field.format),
        ..field
    };
    Dataset {
        name: text(dataset.name),
        kind: text(dataset.kind),
        fields: dataset.fields.into_iter().map(field).collect(),
        estimated_row_count: dataset
            .estimated_row_count
            .filter(|rows| !redactor.hides_number((*rows).into())),
    }
}

fn sha256(value: &Value) -> String {
    format!("sha256:{}", canonical::sha256(canonical::json(value)))
}

/// Hashes everything that the result depends on; `config` has no secrets.
fn fingerprint_of(file: &DriverFile, config: &Value) -> Result<String> {
    let connection = config.pointer(connection::connection_pointer(&file.spec));
    Ok(sha256(&json!({"driver": file.sha256()?, "connection": connection})))
}

fn answer(
    reference: &Reference,
    discovery: &Discovery,
    cached: bool,
    changes: Option<Changes>,
    samples: &BTreeMap<String, Sample>,
) -> CommandOutput {
    let Reference { family, alias } = reference;
    let discovered_at = &discovery.discovered_at;
    let mut json = json!({
        "connection": reference.to_string(),
        "family": family,
        "alias": alias,
        "driver": discovery.driver,
        "discovered_at": discovered_at,
        "cached": cached,
        "duration_ms": discovery.duration_ms,
        "connection_fingerprint": discovery.connection_fingerprint,
        "fingerprint": discovery.fingerprint,
        "resources": discovery.resources,
        "changes": changes,
    });
    if !samples.is_empty() {
        let one = |(name, sample): (&String, &Sample)| match sample {
            Ok(Rows { rows, cut: false }) => (name.clone(), json!({"rows": rows})),
            Ok(Rows { rows, cut: true }) => {
                (name.clone(), json!({"rows": rows, "truncated": true}))
            }
            Err(why) => (name.clone(), json!({"error": why})),
        };
        json["samples"] = samples.iter().map(one).collect::<Map<_, _>>().into();
    }
    let mut text = text::of(discovery, changes.as_ref(), samples);
    let age = if cached { format!(", from the cache of {discovered_at}") } else { String::new() };
    let number = discovery.resources.len();
    let noun = if number == 1 { "dataset" } else { "datasets" };
    text.push_str(&format!("{} {number} {noun} in {reference}{age}\n", paint(SUCCESS, "✓")));
    CommandOutput::new(json, text)
}
