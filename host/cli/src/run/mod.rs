//! `osiris run`.

mod dry_run;
mod e2b;
mod execute;
mod progress;
mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::Limit;
use osiris_core::driver::provenance::Origins;
use osiris_core::redact::Redactor;
use osiris_engine::Engine;
use osiris_pipeline::compile::Build;
use osiris_pipeline::connection::{Connections, Environment, Secrets};
use osiris_pipeline::{compile, connection};
use osiris_registry::trust::{AdmittedDriver, Known};
use osiris_runtime::run::{Job, RunProgress, Task};
use osiris_runtime::session::Session;
use osiris_runtime::{run, session};
use serde_json::Value;

use self::e2b::E2b;
use self::execute::ExecutionTarget;
use super::first_use::{self, Remember};
use super::secrets::warn_short;
use super::shell::{CommandOutput, Shell};
use super::workspace::{CompileArgs, Workspace, manifest_of, must_exist};

const EXAMPLES: &str = "\
Examples:
  osiris run pipelines/hello.yaml               compile and run
  osiris run pipelines/hello.yaml --dry-run     show the plan without running
  osiris run pipelines/hello.yaml --param day=2026-01-31
  osiris run pipelines/hello.yaml --limit memory=512MiB --limit seconds=60
  osiris run --last-compile                     run the last compiled pipeline
  osiris run .osiris/build/hello/1a2b3c4-.../manifest.yaml
  osiris run --last-compile --e2b --e2b-install-deps --verbose
  osiris run --last-compile --e2b --dry-run     show what would be uploaded

Ctrl-C stops the run and rolls back unfinished steps. A second Ctrl-C stops the run
immediately. The logs and artifacts of runs are in logs/ in the project.";

/// Run a pipeline
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Pipeline YAML file, which is compiled first, or a compiled manifest.yaml
    #[arg(value_name = "FILE", required_unless_present = "last_compile")]
    file: Option<PathBuf>,
    /// Run the last compiled pipeline of this project
    #[arg(long, conflicts_with_all = ["file", "profile", "params"])]
    last_compile: bool,
    /// Show the plan and the permissions of each step without running
    #[arg(long)]
    dry_run: bool,
    /// Set a limit of each step; can be repeated
    ///
    /// The lowest of this limit, `limits` in osiris.yaml and the driver's own limit applies. NAME
    /// is memory, seconds, cpu, disk, files, log, batch, sockets, handles, elements, instances or
    /// held; or a limit of all steps together: run_memory, or spill, which is disk for tables.
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit)]
    limits: Vec<(Limit, u64)>,
    #[command(flatten)]
    values: CompileArgs,
    #[command(flatten)]
    e2b: E2b,
}

pub(super) fn run(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let place = Workspace::open(shell)?;
    let build = build(args, &place, shell)?;
    let environment = Environment::read(place.project.base())?.with(args.e2b.variables());
    let Connected { configs, origins, secrets } = connect(&place, &build, &environment)?;
    let redactor = Redactor::new(values(&secrets))?;
    for (step, secrets) in &secrets {
        warn_short(&format!("step `{step}`: "), secrets, shell);
    }
    let job = job(args, &place, &build, configs, secrets);
    let compiling = |driver: &str| {
        if !shell.json {
            shell.note(&format!("Compiling the driver {driver}, once on this machine ..."));
        }
    };
    if args.dry_run {
        let planned = dry_run::plan(&job, &origins, &place, shell)?;
        if !args.e2b.e2b {
            return Ok(dry_run::answer(planned, None));
        }
        let prepared = run::prepare(Engine::new()?, &place.registry, job, compiling)?;
        return Ok(dry_run::answer(planned, Some(args.e2b.plan(&prepared, &place.registry)?)));
    }
    // Mark crashed runs first: Landlock denies access to them later, and the sweep of leftover
    // sandboxes checks the same locks.
    let logs = place.project.layout.logs_dir();
    session::mark_crashed_runs(&logs);
    let prepared = run::prepare(Engine::new()?, &place.registry, job, compiling)?;
    let policy = &place.project.settings.drivers;
    let rights = |driver: &AdmittedDriver| {
        let tasks = prepared.tasks().filter(|task| task.step.driver.name == driver.spec.name);
        let of_step = |task: &Task| {
            let origins = origins.get(&task.step.id).cloned().unwrap_or_default();
            let known = Known { config: &task.config, origins: &origins };
            policy.permission_reports(&driver.spec, driver.built_in, Some(known))
        };
        tasks.flat_map(of_step).collect()
    };
    first_use::tell(prepared.admitted(), &rights, &place, shell, Remember::Yes);
    let manifest = manifest_of(&build);
    let bytes = fs::read(&manifest).map_err(|error| {
        let problem =
            Diagnostic::new(Code::ManifestUnreadable, format!("cannot read the manifest: {error}"));
        Error::environment(problem.in_file(&manifest))
    })?;
    let board = Arc::new(RunProgress::new(prepared.tasks()));
    let adapter = if args.e2b.e2b {
        let (adapter, notes) = args.e2b.adapter(prepared, &place.registry, &environment)?;
        ExecutionTarget::E2b(Box::new(adapter), notes)
    } else {
        ExecutionTarget::Local(Box::new(prepared))
    };
    let session = Session::create(&logs, &build.manifest, &bytes, redactor)?;
    let outputs = summary::outputs(&build, &place);
    let status = execute::execute(adapter, &session, board, &build.manifest, shell)?;
    Ok(summary::answer(&status, session.dir(), outputs))
}

fn limit(text: &str) -> std::result::Result<(Limit, u64), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let limit = Limit::named(name).ok_or_else(|| {
        format!(
            "unknown limit `{name}`; expected one of {}",
            Limit::ALL.map(Limit::name).join(", ")
        )
    })?;
    let value = limit.parse(value).map_err(|wanted| format!("`{name}` {wanted}"))?;
    Ok((limit, value))
}

/// Returns the build to run: the last one, a given one, or a newly compiled one.
fn build(args: &Args, place: &Workspace, shell: &Shell) -> Result<Build> {
    let Some(file) = args.file.as_deref().filter(|_| !args.last_compile) else {
        return compile::last(&place.project);
    };
    must_exist(file)?;
    if !is_manifest(file) {
        return place.compile(file, &args.values, shell);
    }
    if !args.values.is_empty() {
        let text = "cannot use `--profile` or `--param` with a compiled manifest";
        let problem = Diagnostic::new(Code::UsageInvalid, text).in_file(file);
        return Err(Error::invalid(problem.help("run the pipeline file instead")));
    }
    compile::load(file)
}

/// Recognizes a compiled manifest by its name and the plan next to it.
fn is_manifest(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == "manifest.yaml")
        && file.with_file_name("plan.json").exists()
}

/// The steps' configurations with their connections.
struct Connected {
    configs: BTreeMap<String, Value>,
    /// The origins of each configuration's parts.
    origins: BTreeMap<String, Origins>,
    /// The secrets of each configuration.
    secrets: BTreeMap<String, Secrets>,
}

fn connect(place: &Workspace, build: &Build, environment: &Environment) -> Result<Connected> {
    let connections = Connections::read(place.project.base())?;
    let mut configs = build.configs.clone();
    let mut origins = BTreeMap::new();
    let mut secrets = BTreeMap::new();
    for step in &build.manifest.steps {
        // A missing driver is reported when the run is prepared.
        let Some(driver) = place.registry.find(&step.driver.name) else { continue };
        let Some(config) = configs.get_mut(&step.id) else { continue };
        let owner = format!("step `{}`", step.id);
        let by = connection::origins(config, &driver.spec, &connections, environment);
        origins.insert(step.id.clone(), by);
        *config = connection::resolve_step_config(
            &owner,
            config,
            &driver.spec,
            &connections,
            environment,
        )?;
        let found = Secrets::find(config, &driver.spec, &connections, environment);
        secrets.insert(step.id.clone(), found);
    }
    Ok(Connected { configs, origins, secrets })
}

fn values(secrets: &BTreeMap<String, Secrets>) -> impl Iterator<Item = String> {
    secrets.values().flat_map(|secrets| secrets.values.iter().cloned())
}

fn job(
    args: &Args,
    place: &Workspace,
    build: &Build,
    configs: BTreeMap<String, Value>,
    secrets: BTreeMap<String, Secrets>,
) -> Job {
    let project = &place.project;
    Job {
        base: project.layout.base.clone(),
        state: project.layout.state_dir(),
        spill: project.layout.tmp_dir(),
        limits: place.limits(&args.limits.iter().copied().collect()),
        policy: project.settings.drivers.clone(),
        allow_read: project.settings.allow_read.clone(),
        hosts: BTreeMap::new(),
        manifest: build.manifest.clone(),
        configs,
        secrets,
    }
}
