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

use std::path::Path;

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

    /// Returns whether more is better.
    fn is_more(&self) -> bool {
        self.unit.ends_with("/s")
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

/// Name of another build in the rows.
const BASE: &str = "base";
/// Number of times that each part is measured next to another build.
const PAIRS: usize = 3;

/// Builds everything, runs the named parts, or all, and prints a row for each measurement. With
/// `base`, the directory of another build, compares the two instead.
pub(crate) fn run(names: &[String], json: bool, base: Option<&Path>) -> Result<()> {
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    let mut rows = Vec::new();
    for (part, measure) in PARTS {
        if names.is_empty() || names.iter().any(|name| name == part) {
            eprintln!("Measuring {part} ...");
            rows.extend(match base {
                Some(base) => in_pairs(measure, base)?,
                None => measure()?,
            });
        }
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print(&rows);
    }
    Ok(())
}

/// Measures this build and another one in turn. In the rows, the other build is the peer.
fn in_pairs(measure: fn() -> Result<Vec<Row>>, base: &Path) -> Result<Vec<Row>> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    trial::skip_peers();
    for _ in 0..PAIRS {
        ours.push(measure()?);
        trial::measure_build(Some(base));
        theirs.push(measure()?);
        trial::measure_build(None);
    }
    let value = |runs: &[Vec<Row>], index: usize| {
        trial::median(runs.iter().map(|rows| rows[index].ours).collect())
    };
    let rows = ours[0].iter().enumerate().map(|(index, row)| {
        let (ours, theirs) = (value(&ours, index), value(&theirs, index));
        let ratio = if row.is_more() { ours / theirs } else { theirs / ours };
        Row { ratio: Some(ratio), ..Row::less(row.name, row.unit, ours, (BASE, theirs), row.goal) }
    });
    Ok(rows.collect())
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
        // Builds differ by percents, peers by factors.
        let digits = if row.peer == Some(BASE) { 3 } else { 1 };
        let ratio = row.ratio.map_or("-".into(), |ratio| format!("{ratio:.digits$}x"));
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
