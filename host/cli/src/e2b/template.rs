//! `osiris e2b template`.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_e2b::runner::{Blob, RUNS_IN_SANDBOX, runtime_blob};
use osiris_e2b::template::Recipe;
use osiris_engine::Engine;
use serde_json::json;

use super::super::render::{SUCCESS, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::{control, runtime};

const EXAMPLES: &str = "\
Examples:
  osiris e2b template                                 build `osiris` from `base`
  osiris e2b template --name team-osiris:v1 --memory 4096
  osiris e2b template --out osiris-template           write a directory with a Dockerfile instead

Then: osiris run --last-compile --on e2b --e2b-template osiris";

/// Build a template with osiris and the drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Template name, with an optional tag: NAME[:TAG]
    #[arg(long, default_value = "osiris")]
    name: String,
    /// Template to start from
    #[arg(long, value_name = "TEMPLATE", default_value = "base")]
    from: String,
    /// Number of virtual processors
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    cpus: u32,
    /// Memory, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    memory: u32,
    /// Write the input of E2B's own tool to this new directory instead of building
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn template(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let runtime_file = runtime_blob()?;
    let engine = Engine::new()?;
    let (mut drivers, mut code_files) = (Vec::new(), Vec::new());
    for file in workspace.drivers.drivers() {
        let name = &file.spec.name;
        let content = workspace.drivers.verified_content(file)?;
        drivers.push((name.clone(), Blob::read(&file.path)?));
        if !RUNS_IN_SANDBOX {
            continue;
        }
        engine.code(file, content, || {
            if !shell.json {
                shell.note(&format!("Compiling the driver {name}, once on this machine ..."));
            }
        })?;
        if let Some(path) = engine.cached_code(&content.sha256)
            && let Some(file) = path.file_name().and_then(|name| name.to_str())
        {
            code_files.push((file.to_owned(), Blob::read(&path)?));
        }
    }
    let recipe = Recipe {
        name: args.name.clone(),
        from: args.from.clone(),
        cpus: args.cpus,
        memory_mib: args.memory,
        files: Recipe::files(runtime_file, drivers, code_files),
    };
    let size: u64 = recipe.files.iter().map(|(_, blob)| blob.size).sum();
    let (summary, next) = match &args.out {
        Some(folder) => {
            recipe.write(folder).map_err(|error| {
                let problem = Diagnostic::new(
                    Code::TemplateUnwritable,
                    format!("cannot write the template: {error}"),
                );
                Error::invalid(problem.in_file(folder).help("name a directory that does not exist"))
            })?;
            let folder = display_path(folder);
            (format!("wrote {folder}"), format!("e2b template create {} in {folder}", args.name))
        }
        None => {
            let (control, _) = control(&workspace.project)?;
            let log = |line: &str| {
                if shell.verbose && !shell.json {
                    shell.note(line);
                }
            };
            runtime()?.block_on(recipe.build(&control, log)).map_err(osiris_e2b::problem)?;
            let next = format!("osiris run PIPELINE --on e2b --e2b-template {}", args.name);
            (format!("built template {}", args.name), next)
        }
    };
    let files: Vec<_> = recipe
        .files
        .iter()
        .map(|(path, blob)| json!({"path": path, "size": blob.size, "sha256": blob.sha256}))
        .collect();
    let json = json!({"name": args.name, "from": args.from, "files": files, "next": [next]});
    let count = recipe.files.len();
    let text = format!(
        "{} {summary}: {count} files, {}\nNext: {next}\n",
        paint(SUCCESS, "✓"),
        format_bytes(size)
    );
    Ok(CommandOutput::new(json, text))
}
