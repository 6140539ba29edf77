//! Overhead of a sandbox, measured in the emulator: without network latency, the rest is our own
//! overhead.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Row;
use super::trial::Trial;
use crate::cloud::{self, Cloud};

/// Number of runs in each place; short runs are repeated three times as often.
const RUNS: usize = 5;
/// Pairs of a reading and a writing step.
const PAIRS: usize = 10;

/// Takes about 10 s. Only one step, because host, emulator and worker share this machine and must
/// not compete for its CPUs.
const LONG: &str = r#"
oml_version: "0.1.0"
name: long
steps:
  - {id: source, component: test.bench_source, mode: read, config: {batches: 700000, rows: 16384}}
"#;

pub(super) fn measure() -> Result<Vec<Row>> {
    cloud::build()?;
    let cloud = Cloud::start()?;
    let (steps, overhead) = {
        let trial = Trial::new(&many_steps())?;
        std::fs::write(trial.path().join("in.csv"), "id,name\n1,a\n2,b\n3,c\n4,d\n")?;
        trial.warm()?;
        trial.osiris_with(&["e2b", "template"], &cloud.variables)?;
        let (local, remote, overhead) = measure_both(&trial, &cloud, 3 * RUNS)?;
        ((remote - local) * 1e3 / (2 * PAIRS) as f64, overhead)
    };
    let long = Trial::new(LONG)?;
    long.warm()?;
    let (local, remote, _) = measure_both(&long, &cloud, RUNS)?;
    let share = (remote / local - 1.0) * 100.0;
    eprintln!("the long run took {local:.2} s here and {remote:.2} s there");
    Ok(vec![
        Row::alone("E2B: a step there beyond a step here", "ms", steps, "< 1 ms"),
        Row::alone("E2B: a run of 10 s there beyond one here", "%", share, "< 1 %"),
        Row::alone("E2B: create, send, start, fetch and kill", "ms", overhead, "-"),
    ])
}

/// Returns a pipeline of many steps that do almost nothing.
fn many_steps() -> String {
    let mut text = String::from("oml_version: \"0.1.0\"\nname: many\nsteps:\n");
    for pair in 0..PAIRS {
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "  - {{id: r{pair}, component: filesystem.csv_extractor, mode: read, config: {{path: in.csv}}}}\n  - {{id: w{pair}, component: filesystem.csv_writer, mode: write, needs: [r{pair}], config: {{path: out{pair}.csv}}}}"
        );
    }
    text
}

/// Returns the seconds of the run itself here and in the sandbox, and the milliseconds around the
/// sandbox run: the fastest of alternating runs, since other load only adds time.
fn measure_both(trial: &Trial, cloud: &Cloud, runs: usize) -> Result<(f64, f64, f64)> {
    let (mut local, mut remote, mut overhead) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        trial.run()?;
        local.push(field(&status(trial)?, "/execution_duration")?);
        let arguments =
            ["run", "--last-compile", "--e2b", "--e2b-template", "osiris", "--e2b-install-deps"];
        trial.osiris_with(&arguments, &cloud.variables)?;
        let status = status(trial)?;
        remote.push(field(&status, "/execution_duration")?);
        overhead.push(field(&status, "/e2b/metrics/e2b_overhead_ms")?);
    }
    Ok((minimum(local), minimum(remote), minimum(overhead)))
}

fn minimum(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

fn status(trial: &Trial) -> Result<Value> {
    Ok(serde_json::from_str(&trial.session_file("status.json")?)?)
}

fn field(status: &Value, pointer: &str) -> Result<f64> {
    status.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer}"))
}
