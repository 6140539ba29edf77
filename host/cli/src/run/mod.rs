//! `osiris run`.

mod dry_run;
mod e2b;
mod execute;
mod progress;
mod rate;
mod select;
mod summary;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::Limit;
use osiris_engine::Engine;
use osiris_pipeline::compile::{self, Build};
use osiris_pipeline::connection::Environment;
use osiris_registry::trust::{AdmittedDriver, Known};
use osiris_runtime::run::{RunProgress, Task};
use osiris_runtime::{ConnectedBuild, Workspace, run, session};

pub(super) use self::e2b::E2b;
pub(super) use self::select::select;
pub(super) use self::summary::result;

use self::execute::ExecutionTarget;
use self::progress::Progress;
use super::compile_args::{self, CompileArgs};
use super::complete;
use super::first_use::{self, Remember};
use super::secrets::warn_short;
use super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris run hello                              compile and run pipelines/hello.yaml
  osiris run hello --dry-run                    show the plan without running
  osiris run hello --param day=2026-01-31
  osiris run hello --select write-planets       with the steps that it needs
  osiris run hello --retry-failed               what did not succeed in the last run
  osiris run other/hello.yaml --limit memory=512MiB --limit seconds=60
  osiris run --last-compile                     run the last compiled pipeline
  osiris run .osiris/build/hello/1a2b3c4-.../manifest.yaml
  osiris run hello --on e2b                     run in a cloud sandbox: see `osiris help e2b`

Ctrl-C stops the run and rolls back unfinished steps; the exit code is then 130, and 143
after SIGTERM. A second Ctrl-C stops the run immediately. The logs and artifacts of
runs are in logs/ in the project.

Limits of a step are memory, seconds, idle, cpu, disk, files, log, batch, sockets,
handles, elements, instances and held; limits of all steps together are run_memory, and
spill, which is disk for tables. The lowest of --limit, `limits` in osiris.yaml and the
driver's own limit applies.";

/// Run a pipeline
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Pipeline: its name in pipelines/, its file, or a compiled manifest.yaml
    #[arg(value_name = "PIPELINE", required_unless_present_any = ["last_compile", "retry_failed"], add = complete::pipelines())]
    file: Option<PathBuf>,
    /// Run the last compiled pipeline of this project
    #[arg(long, conflicts_with_all = ["file", "profile", "params"])]
    last_compile: bool,
    /// Run only these steps and the steps that they read; can be repeated
    #[arg(long, value_name = "STEP", value_delimiter = ',', conflicts_with = "sandbox", add = complete::steps())]
    select: Vec<String>,
    /// Run the steps that did not succeed in the last run
    #[arg(long, conflicts_with_all = ["last_compile", "profile", "params", "select", "sandbox"])]
    retry_failed: bool,
    /// Run again whenever the pipeline, its inputs or the settings change
    #[arg(long, conflicts_with_all = ["last_compile", "retry_failed", "dry_run", "sandbox"])]
    watch: bool,
    #[command(flatten)]
    options: RunOptions,
    #[command(flatten)]
    values: CompileArgs,
    #[command(flatten)]
    e2b: E2b,
}

/// Options of a run, wherever its pipeline comes from.
#[derive(Debug, clap::Args)]
pub(super) struct RunOptions {
    /// Show the plan and the permissions of each step without running
    #[arg(long)]
    dry_run: bool,
    /// Set a limit of each step; can be repeated
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit)]
    limits: Vec<(Limit, u64)>,
}

impl RunOptions {
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}

pub(super) fn run(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    if let Some(file) = args.file.as_deref().filter(|_| args.watch) {
        return watch::watch(file, &args.values, shell);
    }
    let workspace = shell.workspace()?;
    let mut build = match args.retry_failed {
        true => select::retry(args.file.as_deref(), &workspace)?,
        false => build(args, &workspace, shell)?,
    };
    if !args.select.is_empty() {
        select::select_steps(&mut build, &args.select, &workspace)?;
    }
    run_build(&workspace, &build, &args.options, &args.e2b, || Ok(()), shell)
}

/// Runs a build, or shows its plan. `before` is called when everything is ready for a run.
pub(super) fn run_build(
    workspace: &Workspace,
    build: &Build,
    options: &RunOptions,
    e2b: &E2b,
    before: impl FnOnce() -> Result<()>,
    shell: &Shell,
) -> Result<CommandOutput> {
    let environment = Environment::read(workspace.project.base())?.with(e2b.variables());
    let connected = ConnectedBuild::resolve(workspace, build, &environment)?;
    for (step, secrets) in &connected.secrets {
        warn_short(&format!("step `{step}`: "), secrets, shell);
    }
    let limits = workspace.limits(&options.limits.iter().copied().collect());
    let job = connected.job(workspace, limits);
    let compiling = |driver: &str| note_compilation(driver, shell);
    if options.dry_run {
        let plan = dry_run::plan(&job, &connected.origins, workspace, shell)?;
        if !e2b.is_on() {
            return Ok(dry_run::answer(plan, None));
        }
        let prepared = run::prepare(Engine::new()?, &workspace.drivers, job, compiling)?;
        return Ok(dry_run::answer(plan, Some(e2b.plan(&prepared, &workspace.drivers)?)));
    }
    // Mark crashed runs first: Landlock denies access to them later, and the sweep of leftover
    // sandboxes checks the same locks.
    session::mark_crashed_runs(&workspace.project.layout.logs_dir());
    let prepared = run::prepare(Engine::new()?, &workspace.drivers, job, compiling)?;
    let policy = &workspace.project.settings.drivers;
    let permissions = |driver: &AdmittedDriver| {
        let tasks = prepared.tasks().filter(|task| task.step.driver.name == driver.spec.name);
        let of_step = |task: &Task| {
            let origins = connected.origins.get(&task.step.id).cloned().unwrap_or_default();
            let known_config = Known { config: &task.config, origins: &origins };
            policy.permission_reports(&driver.spec, driver.built_in, Some(known_config))
        };
        tasks.flat_map(of_step).collect()
    };
    first_use::print_notices(prepared.admitted(), &permissions, workspace, shell, Remember::Yes);
    let progress = Arc::new(RunProgress::new(&prepared));
    let target = if e2b.is_on() {
        let (runner, notes) = e2b.runner(prepared, &workspace.drivers, &environment)?;
        ExecutionTarget::E2b(Box::new(runner), notes)
    } else {
        ExecutionTarget::Local(Box::new(prepared))
    };
    let display = Progress::new(shell, &build.manifest)?;
    before()?;
    workspace.prune_runs();
    let session = connected.session(workspace, build)?;
    let status = execute::execute(target, &session, progress, display)?;
    let columns = shell.is_watched().then(|| shell.terminal_size().0);
    Ok(summary::answer(&status, session.dir(), columns))
}

/// Tells that a driver is being compiled, which can take seconds.
pub(super) fn note_compilation(driver: &str, shell: &Shell) {
    if !shell.json {
        shell.note(&format!("Compiling the driver {driver}, once on this machine ..."));
    }
}

fn limit(text: &str) -> std::result::Result<(Limit, u64), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let limit = Limit::named(name).ok_or_else(|| {
        format!(
            "unknown limit `{name}`; expected one of {}",
            Limit::ALL.map(Limit::name).join(", ")
        )
    })?;
    let value = limit.parse(value).map_err(|expected| format!("`{name}` {expected}"))?;
    Ok((limit, value))
}

/// Returns the build to run: the last one, a given one, or a newly compiled one.
fn build(args: &Args, workspace: &Workspace, shell: &Shell) -> Result<Build> {
    let Some(file) = args.file.as_deref().filter(|_| !args.last_compile) else {
        return compile::last(&workspace.project);
    };
    if !is_manifest(file) {
        return compile_args::compile(workspace, file, &args.values, shell);
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
    file.is_file()
        && file.file_name().is_some_and(|name| name == "manifest.yaml")
        && file.with_file_name("plan.json").exists()
}
