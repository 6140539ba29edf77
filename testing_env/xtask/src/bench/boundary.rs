//! Batches across the boundary, timed by the drivers themselves: only the calls that move data,
//! without start-up and waiting.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Row;
use super::trial::{RUNS, Trial, median};

/// Batches of 16 Ki rows of three 8-byte columns: 384 KiB per batch.
const CHAIN: &str = r#"
oml_version: "0.1.0"
name: chain
steps:
  - {id: source, component: test.bench_source, mode: read, config: {batches: 4000, rows: 16384}}
  - {id: pass, component: test.passthrough, mode: transform, config: {}}
  - {id: sink, component: test.bench_sink, mode: write, config: {}}
"#;

/// Without a reader of the table, so that the source never waits.
const SOURCE: &str = r#"
oml_version: "0.1.0"
name: source
steps:
  - {id: source, component: test.bench_source, mode: read, config: {batches: 4000, rows: 16384}}
"#;

pub(super) fn measure() -> Result<Vec<Row>> {
    let (source, chain) = (Trial::new(SOURCE)?, Trial::new(CHAIN)?);
    source.warm()?;
    chain.warm()?;
    let (mut out, mut back, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        source.run()?;
        out.push(metric(&source.session_file("metrics.jsonl")?, "source", "gigabytes_per_second")?);
        chain.run()?;
        let metrics = chain.session_file("metrics.jsonl")?;
        back.push(metric(&metrics, "sink", "gigabytes_per_second")?);
        let seconds = metric(&metrics, "pass", "step_duration_ms")? / 1e3;
        rows.push(metric(&metrics, "pass", "rows_processed")? / seconds / 1e6);
    }
    let memcpy = native_memcpy();
    let native = ("memcpy", memcpy);
    let row = |name, ours: f64, goal| Row {
        ratio: Some(ours / memcpy),
        ..Row::less(name, "GB/s", ours, native, goal)
    };
    Ok(vec![
        row("driver -> host, 384 KiB batches", median(out), ">= 20 GB/s"),
        row("host -> driver, 384 KiB batches", median(back), ">= 20 GB/s"),
        Row::alone("pass-through transform", "M rows/s", median(rows), ">= 100"),
    ])
}

/// Measures the machine's own speed of copying such a batch, in GB/s.
fn native_memcpy() -> f64 {
    const SIZE: usize = 128 << 10;
    let from = vec![1u8; SIZE];
    let mut to = vec![0u8; SIZE];
    let rounds = 20_000;
    let started = std::time::Instant::now();
    for _ in 0..rounds {
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&mut to);
    }
    (SIZE * rounds) as f64 / started.elapsed().as_secs_f64() / 1e9
}

pub(super) fn metric(lines: &str, step: &str, name: &str) -> Result<f64> {
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["metric"] == name && line["tags"]["step"] == step)
        .and_then(|line| line["value"].as_f64())
        .with_context(|| format!("the step `{step}` has no metric `{name}`"))
}
