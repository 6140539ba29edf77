//! `osiris run`.

mod dry;
mod e2b;
mod live;
mod outcome;
mod progress;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use self::e2b::E2b;
use self::live::Adapter;
use super::first_use::{self, Memory};
use super::pipeline::{Values, Workplace, manifest_of, must_exist};
use super::shell::{Answer, Shell, no_core_file};
use crate::compile::{self, Build};
use crate::connection::{self, Connections, Environment};
use crate::driver::Engine;
use crate::driver::limits::Limit;
use crate::problem::{Error, Problem, Result};
use crate::run::{self, Board, Job};
use crate::session::{self, Redactor, Session};

const EXAMPLES: &str = "\
Examples:
  osiris run pipelines/hello.yaml               compile and run
  osiris run pipelines/hello.yaml --dry-run     show what would happen
  osiris run pipelines/hello.yaml --param day=2026-01-31
  osiris run pipelines/hello.yaml --limit memory=512MiB --limit seconds=60
  osiris run --last-compile                     run what was compiled last
  osiris run .osiris/build/hello/1a2b3c4-.../manifest.yaml
  osiris run --last-compile --e2b --e2b-install-deps --verbose
  osiris run --last-compile --e2b --dry-run     what would go to the sandbox

Ctrl-C stops in order: steps undo what they have not finished. A second Ctrl-C
stops at once. What the run leaves is in logs/ of the project.";

/// Run a pipeline
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// A pipeline's YAML file, which is compiled first, or a compiled manifest.yaml
    #[arg(value_name = "FILE", required_unless_present = "last_compile")]
    file: Option<PathBuf>,
    /// Run what was compiled last in this project
    #[arg(long, conflicts_with_all = ["file", "profile", "params"])]
    last_compile: bool,
    /// Show the plan and what each step may touch, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Limit what each step may use; may be given more than once
    ///
    /// The tightest of this, `limits` in osiris.yaml and the driver's own wins. NAME is memory,
    /// seconds, cpu, disk, files, log, batch, sockets, handles, elements, instances or held; or what
    /// all steps of the run may use together: run_memory, or spill, which is disk for tables.
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit)]
    limits: Vec<(Limit, u64)>,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    e2b: E2b,
}

pub(super) fn run(args: &Args, shell: &Shell) -> Result<Answer> {
    let place = Workplace::open(shell)?;
    let build = build(args, &place, shell)?;
    let environment = Environment::read(&place.project.base)?.with(args.e2b.variables());
    let (configs, redactor) = connect(&place, &build, &environment)?;
    let job = job(args, &place, &build, configs);
    let compiling = |driver: &str| {
        if !shell.json {
            shell.note(&format!("Compiling the driver {driver}, once on this machine ..."));
        }
    };
    if args.dry_run {
        let planned = dry::plan(&job, &place, shell)?;
        if !args.e2b.e2b {
            return Ok(dry::answer(planned, None));
        }
        let prepared = run::prepare(Engine::new()?, &place.registry, job, compiling)?;
        return Ok(dry::answer(planned, Some(args.e2b.plan(&prepared, &place.registry)?)));
    }
    // Nobody waits for it: it tells the truth about older runs.
    let logs = place.project.logs_dir();
    let mut sweeper = Some(std::thread::spawn({
        let logs = logs.clone();
        move || session::sweep(&logs)
    }));
    let prepared = run::prepare(Engine::new()?, &place.registry, job, compiling)?;
    first_use::tell(prepared.admitted(), &place, shell, Memory::Kept);
    let manifest = manifest_of(&build);
    let bytes = fs::read(&manifest).map_err(|error| {
        let problem = Problem::new("manifest_unreadable", format!("cannot read this: {error}"));
        Error::environment(problem.in_file(&manifest))
    })?;
    let board = Arc::new(Board::new(prepared.tasks()));
    let adapter = if args.e2b.e2b {
        // What ends the sandboxes of older runs looks at the same locks, and must not find them held.
        if let Some(sweeper) = sweeper.take() {
            sweeper.join().ok();
        }
        let (adapter, notes) = args.e2b.adapter(prepared, &place.registry, &environment)?;
        Adapter::E2b(Box::new(adapter), notes)
    } else {
        Adapter::Local(Box::new(prepared))
    };
    let session = Session::create(&logs, &build.manifest, &bytes, redactor)?;
    let outputs = outcome::outputs(&build, &place);
    let status = live::execute(adapter, &session, board, &build.manifest, shell)?;
    // A sweep that panics has said so on stderr, and concerns other runs.
    if let Some(sweeper) = sweeper {
        sweeper.join().ok();
    }
    Ok(outcome::answer(&status, session.dir(), outputs))
}

fn limit(text: &str) -> std::result::Result<(Limit, u64), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let limit = Limit::named(name).ok_or_else(|| {
        format!("there is no limit `{name}`; there are {}", Limit::ALL.map(Limit::name).join(", "))
    })?;
    let value = limit.parse(value).map_err(|wanted| format!("`{name}` {wanted}"))?;
    Ok((limit, value))
}

/// What is to be run: the last build, a given one, or one that is made now.
fn build(args: &Args, place: &Workplace, shell: &Shell) -> Result<Build> {
    let Some(file) = args.file.as_deref().filter(|_| !args.last_compile) else {
        return compile::last(&place.project);
    };
    must_exist(file)?;
    if !is_manifest(file) {
        return place.compile(file, &args.values, shell);
    }
    if !args.values.is_empty() {
        let text = "a manifest is compiled already: --profile and --param cannot change it";
        let problem = Problem::new("usage", text).in_file(file);
        return Err(Error::invalid(problem.help("run the pipeline's own file instead")));
    }
    compile::load(file)
}

/// A compiled manifest is named so and lies beside its plan.
fn is_manifest(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "manifest.yaml")
        && file.with_file_name("plan.json").exists()
}

/// The steps' configurations with their connections, and what masks the secrets
/// in them.
fn connect(
    place: &Workplace,
    build: &Build,
    environment: &Environment,
) -> Result<(BTreeMap<String, Value>, Redactor)> {
    let connections = Connections::read(&place.project.base)?;
    let mut configs = build.configs.clone();
    let mut secrets = Vec::new();
    for step in &build.manifest.steps {
        // A driver that is missing is told of where the run is prepared.
        let Some(driver) = place.registry.find(&step.driver.name) else { continue };
        let Some(config) = configs.get_mut(&step.id) else { continue };
        let owner = format!("Step '{}'", step.id);
        *config = connection::complete(&owner, config, &driver.spec, &connections, environment)?;
        secrets.extend(connection::secrets(config, &driver.spec));
    }
    if !secrets.is_empty() {
        no_core_file();
    }
    Ok((configs, Redactor::new(secrets)))
}

fn job(args: &Args, place: &Workplace, build: &Build, configs: BTreeMap<String, Value>) -> Job {
    let project = &place.project;
    Job {
        base: project.base.clone(),
        state: project.state_dir(),
        spill: project.tmp_dir(),
        limits: place.limits(&args.limits.iter().copied().collect()),
        policy: project.settings.drivers.clone(),
        manifest: build.manifest.clone(),
        configs,
    }
}
