//! `osiris run --watch`: a run for each change of an input.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, io};

use notify::{RecursiveMode, Watcher};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::configured_paths;
use osiris_core::fs::layout::{CONNECTIONS_FILE, SETTINGS_FILE};
use tokio::process::{Child, Command};
use tokio::runtime::Builder;
use tokio::sync::mpsc::unbounded_channel;

use super::super::compile_args::CompileArgs;
use super::super::render::{DIM, paint};
use super::super::shell::{CommandOutput, Shell};
use super::super::signals::Signals;

/// Time in which further changes belong to the first one.
const DEBOUNCE: Duration = Duration::from_millis(200);

/// Runs the pipeline now and after each change until a signal stops the command.
pub(super) fn watch(file: &Path, values: &CompileArgs, shell: &Shell) -> Result<CommandOutput> {
    if shell.json {
        let message = "cannot watch with `--json`: each run would print a document";
        let help = "run the pipeline without `--watch`";
        return Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)));
    }
    let project = shell.project()?;
    let file = shell.workspace()?.pipeline_file(file)?;
    let unable = |error: String| {
        let message = format!("cannot watch the pipeline: {error}");
        Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
    };
    let io_error = |error: io::Error| unable(error.to_string());
    let runtime = Builder::new_current_thread().enable_all().build().map_err(io_error)?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(io_error)?;
        let (sender, mut changes) = unbounded_channel();
        // The receiver lives as long as the watcher.
        let notify = move |_: notify::Result<notify::Event>| {
            sender.send(()).ok();
        };
        let mut watcher =
            notify::recommended_watcher(notify).map_err(|error| unable(error.to_string()))?;
        let mut watched = BTreeSet::new();
        loop {
            let files = inputs(&file, values, shell, project.base());
            for dir in files.iter().filter_map(|file| file.parent()) {
                // Editors replace a file, which only its directory tells.
                let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
                if dir.is_dir() && watched.insert(dir.to_owned()) {
                    let watch = watcher.watch(dir, RecursiveMode::NonRecursive);
                    watch.map_err(|error| unable(error.to_string()))?;
                }
            }
            let before = versions(&files);
            let child = start().map_err(io_error)?;
            if let Some(exit) = wait(child, &mut signals).await.map_err(io_error)? {
                return Ok(CommandOutput::stopped(exit));
            }
            let text = format!("Watching {} files; press Ctrl-C to stop", files.len());
            shell.note(&paint(DIM, &text));
            while versions(&files) == before {
                tokio::select! {
                    _ = changes.recv() => tokio::time::sleep(DEBOUNCE).await,
                    exit = signals.next() => return Ok(CommandOutput::stopped(exit)),
                }
                while changes.try_recv().is_ok() {}
            }
        }
    })
}

/// Returns the files whose change starts a run: the pipeline, the settings, and the files that its
/// steps read, except those that its steps write.
fn inputs(file: &Path, values: &CompileArgs, shell: &Shell, base: &Path) -> BTreeSet<PathBuf> {
    let names = [SETTINGS_FILE, CONNECTIONS_FILE, ".env"];
    let mut files: BTreeSet<PathBuf> = names.iter().map(|name| base.join(name)).collect();
    files.insert(file.to_owned());
    // The run reports the problems of an invalid pipeline.
    let Ok(workspace) = shell.workspace() else { return files };
    let checked = values.options().and_then(|options| workspace.check(file, &options));
    let Ok(checked) = checked else { return files };
    let (mut reads, mut writes) = (BTreeSet::new(), BTreeSet::new());
    for step in &checked.manifest.steps {
        let driver = workspace.drivers.find(&step.driver.name);
        if let (Some(driver), Some(config)) = (driver, checked.configs.get(&step.id)) {
            let (spec, path) = (&driver.spec, |path| base.join(path));
            reads.extend(configured_paths(config, &spec.files.read).map(path));
            writes.extend(configured_paths(config, &spec.files.write).map(path));
        }
    }
    files.extend(reads.difference(&writes).cloned());
    files
}

/// Returns the time and size of each file, and `None` for a missing one.
fn versions(files: &BTreeSet<PathBuf>) -> Vec<Option<(SystemTime, u64)>> {
    let version = |file: &PathBuf| {
        let metadata = file.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(version).collect()
}

/// Starts a run as a process of its own: a run restricts its process for good.
fn start() -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.args(env::args_os().skip(1).filter(|argument| argument != "--watch"));
    // Ctrl-C reaches the run through this process only, and once.
    command.process_group(0);
    command.kill_on_drop(true).spawn()
}

/// Waits for the end of a run, and passes signals on to it. Returns the exit code if there was one.
async fn wait(mut child: Child, signals: &mut Signals) -> io::Result<Option<u8>> {
    let mut stopped = None;
    loop {
        tokio::select! {
            status = child.wait() => return status.map(|_| stopped),
            exit = signals.next() => {
                stopped = Some(exit);
                interrupt(&child);
            }
        }
    }
}

fn interrupt(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // The run may have ended meanwhile.
    pid.map(|pid| kill_process(pid, Signal::INT).ok());
}
