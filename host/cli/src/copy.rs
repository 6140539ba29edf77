//! `osiris copy`.

use std::path::{Path, PathBuf};
use std::process;

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_pipeline::compile::{Build, Options};
use osiris_runtime::Workspace;
use serde_json::Value;

use super::complete;
use super::endpoint::{Endpoint, option};
use super::run::{self, E2b, RunOptions};
use super::shell::{CommandOutput, Shell, display_path};
use super::spool::{self, TempDir};

const EXAMPLES: &str = "\
Examples:
  osiris copy data/orders.csv @postgres.main/orders
  osiris copy @mysql.shop/orders output/orders.csv.gz
  osiris copy @postgres.main/crm.orders copy.csv --from 'filter=total > 100'
  osiris copy @postgres.main copy.csv --from 'query=select id, total from orders'
  osiris copy orders.csv @postgres.main/orders --to mode=upsert --to 'keys=[\"id\"]'
  osiris copy orders.csv @postgres.main/orders --save pipelines/orders.yaml
  osiris copy @postgres.main/orders - | head

`-` is stdin or stdout, as CSV. A copy is a pipeline of two steps. `--save` also writes
the pipeline to a file, from where `osiris run` runs it again. `osiris drivers show NAME`
lists the options, and `osiris run --help` the limits.";

/// Copy rows between files and tables
///
/// A file has the format of its extension, and lies in the project. A table is written as
/// @FAMILY.ALIAS/TABLE, with a connection of osiris_connections.yaml.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// File or table to read, or `-`
    #[arg(value_name = "SOURCE", add = complete::endpoints())]
    source: String,
    /// File or table to write, or `-`
    #[arg(value_name = "DESTINATION", add = complete::endpoints())]
    destination: String,
    /// Set an option of the driver that reads; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = option)]
    from: Vec<(String, Value)>,
    /// Set an option of the driver that writes; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = option)]
    to: Vec<(String, Value)>,
    /// Write the pipeline to a new file as well
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    options: RunOptions,
}

/// The directory of the standard streams' files in a pipeline. A run has one of its own, with a
/// longer name that begins with this one.
const SPOOL: &str = ".osiris/tmp/copy-";
const STDIN: &str = "stdin.csv";
const STDOUT: &str = "stdout.csv";

pub(super) fn copy(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let (from_stdin, to_stdout) = (args.source == "-", args.destination == "-");
    check_usage(args, from_stdin || to_stdout, to_stdout && shell.json)?;
    let endpoint = |text: &str, file: &str| match text {
        "-" => Ok(Endpoint::File(format!("{SPOOL}/{file}"))),
        _ => Endpoint::parse(text),
    };
    let source = endpoint(&args.source, STDIN)?.step(Mode::Extract, &args.from, &workspace)?;
    let destination =
        endpoint(&args.destination, STDOUT)?.step(Mode::Write, &args.to, &workspace)?;
    let mut text = String::from("oml_version: \"0.1.0\"\nname: copy\nsteps:\n");
    source.write_to(&mut text, "read", "read", None);
    destination.write_to(&mut text, "write", "write", Some("read"));
    let options = Options::from_environment()?;
    let file = args.save.clone().unwrap_or_else(|| PathBuf::from("copy.yaml"));
    let mut build = workspace.compile_text(&file, &text, &options)?;
    if let Some(file) = args.save.as_deref().filter(|_| !args.options.is_dry_run()) {
        save(file, &text)?;
        if !shell.json {
            shell.note(&format!("Wrote the pipeline to {}", display_path(file)));
        }
    }
    if args.options.is_dry_run() || !(from_stdin || to_stdout) {
        return run_copy(&workspace, &build, args, || Ok(()), shell);
    }
    let spool = TempDir::new(&workspace, "copy-");
    // Not part of the pipeline, whose hash would differ for each run.
    for (step, is_stream, file) in [("read", from_stdin, STDIN), ("write", to_stdout, STDOUT)] {
        if let Some(config) = build.configs.get_mut(step).filter(|_| is_stream) {
            let path = spool.path().join(file);
            let path = path.strip_prefix(workspace.project.base()).unwrap_or(&path);
            config["path"] = path.to_string_lossy().into();
        }
    }
    let before = || {
        spool.create()?;
        if from_stdin && let Some(exit) = spool::read_stdin(&spool.path().join(STDIN))? {
            spool.remove();
            process::exit(exit.into());
        }
        Ok(())
    };
    let mut output = run_copy(&workspace, &build, args, before, shell)?;
    if to_stdout && !output.failed {
        let dir = spool.path().file_name().unwrap_or_default().to_string_lossy();
        let lines = output.text.split_inclusive('\n').filter(|line| !line.contains(&*dir));
        shell.note(&lines.collect::<String>());
        output.text.clear();
        if let Some(exit) = spool::write_stdout(&spool.path().join(STDOUT))? {
            return Ok(CommandOutput::stopped(exit));
        }
    }
    Ok(output)
}

fn run_copy(
    workspace: &Workspace,
    build: &Build,
    args: &Args,
    before: impl FnOnce() -> Result<()>,
    shell: &Shell,
) -> Result<CommandOutput> {
    run::run_build(workspace, build, &args.options, &E2b::default(), before, shell)
}

/// Checks the options of a copy between standard streams.
fn check_usage(args: &Args, is_stream: bool, two_documents: bool) -> Result<()> {
    let refuse = |message: &str, help: &str| {
        Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)))
    };
    if two_documents {
        let message = "cannot print rows and the JSON document on stdout";
        return refuse(message, "leave out `--json`, or copy to a file");
    }
    if is_stream && args.save.is_some() {
        let message = "cannot save a pipeline that reads stdin or writes to stdout";
        return refuse(message, "leave out `--save`, or copy from a file to a file");
    }
    Ok(())
}

fn save(file: &Path, text: &str) -> Result<()> {
    let refuse = |code, message: &str| Diagnostic::new(code, message).in_file(file);
    if file.symlink_metadata().is_ok() {
        let problem = refuse(Code::FileExists, "cannot save the pipeline: the file exists");
        return Err(Error::invalid(problem.help("choose another name")));
    }
    atomic::write(file, text.as_bytes()).map_err(|error| {
        let message = format!("cannot save the pipeline: {error}");
        Error::environment(refuse(Code::ProjectUnwritable, &message))
    })
}
