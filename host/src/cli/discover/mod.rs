//! `osiris discover`.

mod samples;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::samples::Sample;
use super::pipeline::Workplace;
use super::probe::Probe;
use super::render::{BAD, DIM, GOOD, STRONG, Table, WARN, count, paint};
use super::shell::{Answer, Shell, no_core_file};
use crate::connection::{self, Connections, Environment, RESOLVED, Reference, shown_fields};
use crate::driver::{Dataset, Driver, DriverFile};
use crate::problem::{Error, Exit, Problem, Result};
use crate::project::Project;
use crate::session::{Redactor, stamp, visible};
use crate::{atomic, canonical};

const EXAMPLES: &str = "\
Examples:
  osiris discover @mysql.main                what is there, from the cache if it is fresh
  osiris discover @mysql.main --refresh      ask the service again
  osiris discover @mysql.main --samples 3    with the first rows of each table
  osiris discover @mysql.main --json         for programs; `fingerprint` changes only with the schema

The cache is in .osiris/cache/discovery. It holds names and types: no samples and no secrets.";

/// List what a connection has: tables, columns, types, keys
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The connection, like @mysql.main
    #[arg(value_name = "@FAMILY.ALIAS")]
    reference: String,
    /// Ask the service even if the cache is fresh
    #[arg(long)]
    refresh: bool,
    /// Show the first rows of each table, too
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..=1000))]
    samples: Option<u64>,
    /// How long what was found stays fresh
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    ttl: u64,
}

/// What was found, as it is kept. The fingerprint covers the resources alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Discovery {
    discovered_at: String,
    driver: String,
    /// Of the connection without its secrets, and of the driver.
    connection_fingerprint: String,
    fingerprint: String,
    duration_ms: u64,
    resources: Vec<Dataset>,
}

/// What is not as it was, by name.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Changes {
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

pub(super) fn discover(args: &Args, shell: &Shell) -> Result<Answer> {
    let reference: Reference = args.reference.parse().map_err(Error::invalid)?;
    let place = Workplace::open(shell)?;
    let connections = Connections::read(&place.project.base)?;
    connections.choose(&reference.family, Some(&reference.alias))?;
    let environment = Environment::read(&place.project.base)?;
    let file = driver(&place, &reference)?;
    no_core_file();
    let config = connection::connect(&reference, &file.spec, &connections, &environment)?;
    let own = fingerprint_of(file, &config)?;
    let kept = cache_file(&place.project, &reference);
    let before = read(&kept).filter(|kept| kept.connection_fingerprint == own);
    let ttl = Duration::from_secs(args.ttl);
    let probe = Probe::new()?;
    let driver = probe.load(file)?;
    let fresh = before.as_ref().filter(|kept| !args.refresh && is_fresh(kept, ttl));
    let (found, changes) = match fresh {
        Some(kept) => (kept.clone(), None),
        None => {
            let found = ask(&probe, &driver, &place, file, &config, own)?;
            write(&kept, &found)?;
            let changes = before.as_ref().map(|old| compare(&old.resources, &found.resources));
            (found, changes)
        }
    };
    let samples = match args.samples {
        Some(rows) if samples::can(file) => {
            samples::read(&probe, &driver, file, &place, &config, &found.resources, rows)
        }
        _ => BTreeMap::new(),
    };
    Ok(answer(&reference, &found, fresh.is_some(), changes, &samples))
}

/// The family's first driver that can list what is there.
fn driver<'p>(place: &'p Workplace, reference: &Reference) -> Result<&'p DriverFile> {
    let family = &reference.family;
    let mut drivers = place.registry.drivers();
    let found =
        drivers.find(|driver| driver.spec.family() == family && driver.spec.capabilities.discover);
    found.map(AsRef::as_ref).ok_or_else(|| {
        let message = format!("no driver of the family {family} can list what is there");
        let help = "see 'osiris drivers list'; put one into the project's drivers/";
        Error::environment(Problem::new("driver_missing", message).help(help))
    })
}

fn ask(
    probe: &Probe,
    driver: &Driver,
    place: &Workplace,
    file: &DriverFile,
    config: &Value,
    own: String,
) -> Result<Discovery> {
    let started = Instant::now();
    let call = probe.call(place, file, config);
    let view = connection::for_driver(config, &file.spec).to_string();
    let found = probe.runtime.block_on(driver.discover(&probe.engine, call, &view));
    let resources = found.map_err(|failure| {
        let redactor = Redactor::new(connection::secrets(config, &file.spec));
        let message = redactor.text(&failure.message).into_owned();
        let problem = Problem::new("discovery_failed", format!("{}: {message}", file.spec.name));
        let help = "see 'osiris connections doctor'";
        Error { exit: Exit::Environment, problems: vec![problem.help(help)] }
    })?;
    Ok(Discovery {
        discovered_at: stamp(Timestamp::now()),
        driver: file.spec.name.clone(),
        connection_fingerprint: own,
        fingerprint: sha256(&json!(resources.iter().map(schema).collect::<Vec<_>>())),
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        resources,
    })
}

fn sha256(value: &Value) -> String {
    format!("sha256:{}", canonical::sha256(canonical::json(value)))
}

fn fingerprint_of(file: &DriverFile, config: &Value) -> Result<String> {
    let prefix = format!("/{RESOLVED}");
    let secrets = file.spec.secrets.iter().filter_map(|secret| secret.strip_prefix(&prefix));
    let secrets: Vec<String> = secrets.map(str::to_owned).collect();
    let fields = shown_fields(&config[RESOLVED], &secrets);
    Ok(sha256(&json!({"driver": file.sha256()?, "connection": fields})))
}

fn cache_file(project: &Project, reference: &Reference) -> PathBuf {
    let Reference { family, alias } = reference;
    project.base.join(".osiris/cache/discovery").join(family).join(format!("{alias}.json"))
}

/// What is kept; a file that is no such thing is none.
fn read(file: &Path) -> Option<Discovery> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

fn is_fresh(kept: &Discovery, ttl: Duration) -> bool {
    let age = |since: Timestamp| Timestamp::now().duration_since(since);
    kept.discovered_at
        .parse()
        .is_ok_and(|since| Duration::try_from(age(since)).is_ok_and(|age| age < ttl))
}

fn write(file: &Path, found: &Discovery) -> Result<()> {
    let unwritable = |error: std::io::Error| {
        let message = format!("cannot keep what was found: {error}");
        Error::environment(Problem::new("cache_unwritable", message).in_file(file))
    };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    atomic::write(file, canonical::json(&json!(found)).as_bytes()).map_err(unwritable)
}

/// The dataset without what changes with every row.
fn schema(resource: &Dataset) -> Dataset {
    Dataset { estimated_row_count: None, ..resource.clone() }
}

fn compare(before: &[Dataset], after: &[Dataset]) -> Changes {
    let by_name = |resources: &[Dataset]| -> BTreeMap<String, Dataset> {
        resources.iter().map(|resource| (resource.name.clone(), schema(resource))).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let mut changes = Changes::default();
    for (name, resource) in &after {
        match before.get(name) {
            None => changes.added.push(name.clone()),
            Some(old) if old != resource => changes.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    changes.removed = before.into_keys().filter(|name| !after.contains_key(name)).collect();
    changes
}

fn answer(
    reference: &Reference,
    found: &Discovery,
    cached: bool,
    changes: Option<Changes>,
    samples: &BTreeMap<String, Sample>,
) -> Answer {
    let Reference { family, alias } = reference;
    let discovered_at = &found.discovered_at;
    let mut json = json!({
        "connection_id": reference.to_string(),
        "family": family,
        "alias": alias,
        "driver": found.driver,
        "discovered_at": discovered_at,
        "cached": cached,
        "duration_ms": found.duration_ms,
        "connection_fingerprint": found.connection_fingerprint,
        "fingerprint": found.fingerprint,
        "resources": found.resources,
        "changes": changes,
    });
    if !samples.is_empty() {
        let one = |(name, sample): (&String, &Sample)| match sample {
            Ok(rows) => (name.clone(), json!({"rows": rows})),
            Err(why) => (name.clone(), json!({"error": why})),
        };
        json["samples"] = samples.iter().map(one).collect::<Map<_, _>>().into();
    }
    let mut text = String::new();
    for resource in &found.resources {
        let rows = resource.estimated_row_count.map(|rows| format!("about {} rows", count(rows)));
        text.push_str(&format!(
            "{}  {} {}\n",
            paint(STRONG, &visible(&resource.name)),
            paint(DIM, &visible(&resource.kind)),
            paint(DIM, &rows.unwrap_or_default())
        ));
        let mut table = Table::new(["Column", "Type", "Null", "Key"]);
        for field in &resource.fields {
            table.row([
                field.name.clone(),
                field.native_type.clone(),
                if field.nullable { "yes" } else { "no" }.to_owned(),
                if field.primary_key { "primary" } else { "" }.to_owned(),
            ]);
        }
        text.push_str(&table.render());
        match samples.get(&resource.name) {
            None => {}
            Some(Ok(rows)) => {
                for row in rows {
                    text.push_str(&format!("  {}\n", paint(DIM, &visible(&row.to_string()))));
                }
            }
            Some(Err(why)) => text.push_str(&format!("  no sample: {}\n", visible(why))),
        }
    }
    for (style, sign, names) in changes.iter().flat_map(|Changes { added, removed, changed }| {
        [(GOOD, "new", added), (BAD, "gone", removed), (WARN, "changed", changed)]
    }) {
        for name in names {
            text.push_str(&format!("{} {}\n", paint(style, sign), visible(name)));
        }
    }
    let age = if cached { format!(", from the cache of {discovered_at}") } else { String::new() };
    let number = found.resources.len();
    let noun = if number == 1 { "dataset" } else { "datasets" };
    text.push_str(&format!("{} {number} {noun} in {reference}{age}\n", paint(GOOD, "✓")));
    Answer::new(json, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Column;

    fn table(name: &str, rows: u64, column: &str) -> Dataset {
        Dataset {
            name: name.to_owned(),
            kind: "table".to_owned(),
            estimated_row_count: Some(rows),
            fields: vec![Column {
                name: column.to_owned(),
                native_type: "int".to_owned(),
                format: "l".to_owned(),
                nullable: true,
                primary_key: false,
            }],
        }
    }

    #[test]
    fn changes_are_those_of_the_schema() {
        let before = [table("a", 1, "x"), table("b", 1, "x"), table("c", 1, "x")];
        let after = [table("a", 2, "x"), table("b", 1, "y"), table("d", 1, "x")];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let changes = compare(&before, &after);
        let wanted =
            Changes { added: names(&["d"]), removed: names(&["c"]), changed: names(&["b"]) };
        assert_eq!(changes, wanted);
    }
}
