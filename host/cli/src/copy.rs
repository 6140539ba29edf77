//! `osiris copy`.

use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_pipeline::compile::Options;
use serde_json::Value;

use super::endpoint::{Endpoint, option};
use super::run::{self, E2b, RunOptions};
use super::shell::{CommandOutput, Shell, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris copy data/orders.csv @postgres.main/orders
  osiris copy @mysql.shop/orders output/orders.csv.gz
  osiris copy @postgres.main/crm.orders copy.csv --from 'filter=total > 100'
  osiris copy @postgres.main copy.csv --from 'query=select id, total from orders'
  osiris copy orders.csv @postgres.main/orders --to mode=upsert --to 'keys=[\"id\"]'
  osiris copy orders.csv @postgres.main/orders --save pipelines/orders.yaml

A copy is a pipeline of two steps. `--save` also writes the pipeline to a file, from
where `osiris run` runs it again. `osiris drivers show NAME` lists the options, and
`osiris run --help` the limits.";

/// Copy rows between files and tables
///
/// A file has the format of its extension, and lies in the project. A table is written as
/// @FAMILY.ALIAS/TABLE, with a connection of osiris_connections.yaml.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// File or table to read
    #[arg(value_name = "SOURCE")]
    source: String,
    /// File or table to write
    #[arg(value_name = "DESTINATION")]
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

pub(super) fn copy(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let source = Endpoint::parse(&args.source)?.step(Mode::Extract, &args.from, &workspace)?;
    let destination =
        Endpoint::parse(&args.destination)?.step(Mode::Write, &args.to, &workspace)?;
    let mut text = String::from("oml_version: \"0.1.0\"\nname: copy\nsteps:\n");
    source.write_to(&mut text, "read", "read", None);
    destination.write_to(&mut text, "write", "write", Some("read"));
    let options = Options::from_environment()?;
    let file = args.save.clone().unwrap_or_else(|| PathBuf::from("copy.yaml"));
    let build = workspace.compile_text(&file, &text, &options)?;
    if let Some(file) = args.save.as_deref().filter(|_| !args.options.is_dry_run()) {
        save(file, &text)?;
        if !shell.json {
            shell.note(&format!("Wrote the pipeline to {}", display_path(file)));
        }
    }
    run::run_build(&workspace, &build, &args.options, &E2b::default(), shell)
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
