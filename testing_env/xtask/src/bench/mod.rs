//! Benchmarks. Each runs osiris and a peer in turn on the same machine in the same run, because
//! only the ratio carries over to other machines.

mod authors;
mod boundary;
mod checks;
mod csv;
mod data;
mod databases;
mod e2b;
mod peer;
mod startup;
mod trial;

use anyhow::Result;
use serde::Serialize;

use crate::build;

/// One measurement.
#[derive(Serialize)]
pub(super) struct Row {
    name: &'static str,
    unit: &'static str,
    ours: f64,
    peer: Option<&'static str>,
    peer_value: Option<f64>,
    /// Ratio by which osiris is better than the peer.
    ratio: Option<f64>,
    goal: &'static str,
}

impl Row {
    /// Creates a measurement without a peer.
    pub(super) fn alone(
        name: &'static str,
        unit: &'static str,
        ours: f64,
        goal: &'static str,
    ) -> Self {
        Self { name, unit, ours, peer: None, peer_value: None, ratio: None, goal }
    }

    /// Creates a measurement for which less is better.
    pub(super) fn less(
        name: &'static str,
        unit: &'static str,
        ours: f64,
        (peer, peer_value): (&'static str, f64),
        goal: &'static str,
    ) -> Self {
        let ratio = Some(peer_value / ours);
        Self { name, unit, ours, peer: Some(peer), peer_value: Some(peer_value), ratio, goal }
    }
}

type Part = (&'static str, fn() -> Result<Vec<Row>>);

pub(crate) const PARTS: [Part; 8] = [
    ("boundary", boundary::measure),
    ("startup", startup::measure),
    ("csv", csv::measure),
    ("checks", checks::measure),
    ("authors", authors::measure),
    ("mariadb", databases::mariadb),
    ("postgres", databases::postgres),
    ("e2b", e2b::measure),
];

/// Builds everything, runs the named parts, or all, and prints a row for each measurement.
pub(crate) fn run(names: &[String], json: bool) -> Result<()> {
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    let mut rows = Vec::new();
    for (part, measure) in PARTS {
        if names.is_empty() || names.iter().any(|name| name == part) {
            eprintln!("Measuring {part} ...");
            rows.extend(measure()?);
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print(&rows);
    }
    Ok(())
}

/// Prints a Markdown table.
fn print(rows: &[Row]) {
    println!("| Measurement | osiris | peer | ratio | goal |");
    println!("|---|---:|---:|---:|---|");
    for row in rows {
        let Row { name, unit, ours, goal, .. } = row;
        let peer = match (row.peer, row.peer_value) {
            (Some(peer), Some(value)) => format!("{} {unit} ({peer})", number(value)),
            _ => "-".into(),
        };
        let ratio = row.ratio.map_or("-".into(), |ratio| format!("{ratio:.1}x"));
        println!("| {name} | {} {unit} | {peer} | {ratio} | {goal} |", number(*ours));
    }
}

/// Formats a number with about three significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
