//! `osiris drivers pack`.

use std::fs;
use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};

use super::super::shell::{CommandOutput, Shell};
use super::install::{Component, install, output};

const EXAMPLES: &str = "\
Examples:
  osiris drivers pack crm.wasm --spec spec.yaml                   into the project's drivers/
  osiris drivers pack crm.wasm --spec spec.yaml --out out.wasm    into another file

For components built with other tools. The component must export the contract's
interface `driver` and import only interfaces that the host provides to drivers. The
spec replaces a spec in the component; see `osiris drivers inspect`.";

/// Turn any component into a driver
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Component file
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The driver's spec.yaml
    #[arg(long, value_name = "FILE.yaml")]
    spec: PathBuf,
    /// Output file; <name>.wasm in the project's drivers directory by default
    #[arg(long, value_name = "FILE.wasm")]
    out: Option<PathBuf>,
    /// Keep function names and debug information
    #[arg(long)]
    keep_names: bool,
}

pub(super) fn pack(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let bytes = fs::read(&args.file).map_err(|error| {
        let message = format!("cannot read the component: {error}");
        Error::invalid(Diagnostic::new(Code::ComponentUnreadable, message).in_file(&args.file))
    })?;
    let component = Component {
        file: &args.file,
        bytes: &bytes,
        spec: Some(&args.spec),
        keep_names: args.keep_names,
    };
    let drivers = match &args.out {
        Some(_) => PathBuf::new(),
        None => shell.project()?.layout.drivers_dir(),
    };
    let driver = install(&component, shell, |name| match &args.out {
        Some(out) => out.clone(),
        None => drivers.join(format!("{name}.wasm")),
    })?;
    let (json, text) = output(&driver)?;
    Ok(CommandOutput::new(json, text))
}
