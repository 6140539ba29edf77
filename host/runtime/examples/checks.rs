//! Measures the cost of the host's checks in a copy of a CSV file, for `cargo xtask bench checks`:
//! repeats each check on everything that one copy sends and logs, and times whole copies next to
//! that.
//!
//! Takes the directory of a project with a `pipeline.yaml` and prints a JSON object. All times are
//! processor seconds: the steps of a copy overlap, and other programs can be running.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use arrow::buffer::Buffer;
use osiris_core::contract::Mode;
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::limits::Limits;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::redact::Redactor;
use osiris_engine::table::{Batch, channel};
use osiris_engine::{CallContext, Engine, EngineConfig, RunRequest};
use osiris_pipeline::compile::{Build, Options};
use osiris_pipeline::connection::Environment;
use osiris_pipeline::project::Project;
use osiris_runtime::run::{self, Prepared, RunProgress};
use osiris_runtime::session::{RunStatus, files};
use osiris_runtime::{ConnectedBuild, Workspace};
use osiris_tests::{built, processor};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Number of measurements, of which the least counts: other load on the machine only adds time.
const RUNS: usize = 15;

fn main() -> Result<()> {
    let folder = std::env::args_os().nth(1).context("name the folder of a project")?;
    let bench = Bench::new(Path::new(&folder))?;
    let (mut plain, mut copies) = (Vec::new(), Vec::new());
    bench.copy(false)?;
    bench.copy(true)?;
    for _ in 0..RUNS {
        plain.push(bench.copy(false)?.0);
        copies.push(bench.copy(true)?.0);
    }
    let batches = bench.batches()?;
    let lines = bench.copy(true)?.1;
    let secrets = ["correct-horse", "battery-staple", "hunter2-hunter2", "s3cr3t-t0k3n"];
    let redactor = Redactor::new(secrets.map(str::to_owned))?;
    let seconds = json!({
        "copy": least(copies),
        "copy_without_interrupts": least(plain),
        "validation": least((0..RUNS).map(|_| validate(&batches)).collect::<Result<_>>()?),
        "redaction": least((0..RUNS).map(|_| redact(&redactor, &lines)).collect()),
        "batches": batches.len(),
    });
    println!("{seconds}");
    Ok(())
}

struct Bench {
    workspace: Workspace,
    build: Build,
    runtime: Runtime,
}

impl Bench {
    fn new(folder: &Path) -> Result<Self> {
        let project = Project::open(folder)?;
        let names = ["filesystem.csv_extractor", "filesystem.csv_writer"];
        let drivers = built::folder().join("drivers");
        let files: Vec<PathBuf> =
            names.iter().map(|name| drivers.join(format!("{name}.wasm"))).collect();
        let drivers = Arc::new(DriverCatalog::from_files(&files)?);
        let workspace = Workspace { project, drivers };
        let build = workspace.compile(&folder.join("pipeline.yaml"), &Options::default())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(Self { workspace, build, runtime })
    }

    fn prepare(&self, interrupts: bool) -> Result<(ConnectedBuild, Prepared)> {
        let environment = Environment::read(self.workspace.project.base())?;
        let connected = ConnectedBuild::resolve(&self.workspace, &self.build, &environment)?;
        let job = connected.job(&self.workspace, Limits::default());
        let prepared = run::prepare(engine(interrupts)?, &self.workspace.drivers, job, |_| {})?;
        Ok((connected, prepared))
    }

    /// Makes one copy and returns its processor time and all lines in its session's files.
    fn copy(&self, interrupts: bool) -> Result<(f64, Vec<String>)> {
        let (connected, prepared) = self.prepare(interrupts)?;
        let progress = Arc::new(RunProgress::new(prepared.tasks()));
        let session = connected.session(&self.workspace, &self.build)?;
        let started = processor::time();
        let work = run::execute(prepared, &session, progress, CancellationToken::new());
        let status = self.runtime.block_on(work)?;
        let seconds = (processor::time() - started).as_secs_f64();
        ensure!(status.status == RunStatus::Success, "the copy failed: {:?}", status.error);
        let mut lines = Vec::new();
        for name in [files::EVENTS, files::METRICS, files::LOG] {
            let text = std::fs::read_to_string(session.dir().join(name))?;
            lines.extend(text.lines().map(str::to_owned));
        }
        Ok((seconds, lines))
    }

    /// Returns all batches that the reading step sends in one copy.
    fn batches(&self) -> Result<Vec<Batch>> {
        let (_, prepared) = self.prepare(true)?;
        let (task, code) =
            prepared.tasks().zip(prepared.drivers()).next().context("there is a step")?;
        let driver = prepared.engine().link(code)?;
        let spill = ProjectDir::new(
            self.workspace.project.base(),
            &self.workspace.project.layout.tmp_dir(),
        );
        let (output, mut readers) = channel(1, usize::MAX, spill);
        let mut reader = readers.remove(0);
        let call = CallContext::new(&driver.spec, &task.config, self.workspace.project.base());
        let step = RunRequest::new(Mode::Extract, &task.config).output(output);
        let drain = async {
            let mut batches = Vec::new();
            while let Ok(Some(batch)) = reader.next().await {
                batches.push(batch);
            }
            batches
        };
        let run = driver.run(prepared.engine(), call, step);
        let (report, batches) = self.runtime.block_on(async { tokio::join!(run, drain) });
        report.result.map_err(|failure| anyhow::anyhow!("{}", failure.message))?;
        ensure!(!batches.is_empty(), "the step that reads sent nothing");
        Ok(batches)
    }
}

fn engine(interrupts: bool) -> Result<Engine> {
    Ok(Engine::with_config(&EngineConfig {
        cache: Some(built::cache()),
        interrupts,
        ..EngineConfig::default()
    })?)
}

/// Times the validation of every batch, as when its driver has just sent it.
fn validate(batches: &[Batch]) -> Result<f64> {
    let parts: Vec<(u64, Vec<Buffer>)> = batches
        .iter()
        .map(|batch| (batch.rows(), (0..).map_while(|at| batch.buffer(at).cloned()).collect()))
        .collect();
    let started = processor::time();
    for (batch, (rows, buffers)) in batches.iter().zip(parts) {
        let schema = batch.record().schema();
        let result = Batch::from_parts(schema, rows, batch.nodes(), buffers);
        std::hint::black_box(result.map_err(|why| anyhow::anyhow!("{why}"))?);
    }
    Ok((processor::time() - started).as_secs_f64())
}

/// Times the search for secrets in all lines of a copy.
fn redact(redactor: &Redactor, lines: &[String]) -> f64 {
    let started = processor::time();
    for line in lines {
        std::hint::black_box(redactor.redact(line));
    }
    (processor::time() - started).as_secs_f64()
}

fn least(seconds: Vec<f64>) -> f64 {
    seconds.into_iter().fold(f64::INFINITY, f64::min)
}
