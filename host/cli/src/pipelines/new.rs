//! `osiris pipelines new`.

use std::collections::BTreeMap;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::Spec;
use osiris_core::fs::atomic;
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::sanitize::escape_control;
use osiris_core::text::{closest_match, quoted};
use osiris_pipeline::connection::{Connections, Reference};
use osiris_pipeline::project::pipeline::slug;
use osiris_runtime::Workspace;
use serde_json::json;

use super::super::complete;
use super::super::render::{BOLD, SUCCESS, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::draft::{self, Draft, Step};

const EXAMPLES: &str = "\
Examples:
  osiris pipelines new copy --from filesystem.csv_extractor --to filesystem.csv_writer
  osiris pipelines new orders --from mysql.extractor --connection @mysql.shop \\
      --to filesystem.csv_writer
  osiris pipelines new load --from mysql.extractor --to postgres.writer \\
      --connection @mysql.shop --connection @postgres.warehouse

The steps have the options of the drivers, each with its description: required ones
are empty, and optional ones are comments. `osiris drivers list` lists the drivers.
If a family has several drivers and connections, each driver gets its own, in this
order; drivers without one get the default connection of their family.";

/// Create a pipeline with the options of its drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the pipeline, in lower case with hyphens; the file is pipelines/NAME.yaml
    #[arg(value_name = "NAME")]
    name: String,
    /// Driver that reads the table
    #[arg(long, value_name = "DRIVER", add = complete::drivers())]
    from: String,
    /// Driver that transforms the table; can be repeated, in the order of the steps
    #[arg(long = "through", value_name = "DRIVER", add = complete::drivers())]
    through: Vec<String>,
    /// Driver that writes the table; can be repeated
    #[arg(long, value_name = "DRIVER", required = true, add = complete::drivers())]
    to: Vec<String>,
    /// Connection of the drivers of its family; can be repeated
    #[arg(long = "connection", value_name = "@FAMILY.ALIAS", add = complete::connections())]
    connections: Vec<String>,
}

pub(super) fn new(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    check_name(&args.name)?;
    let workspace = shell.workspace()?;
    let path = workspace.project.layout.pipelines_dir().join(format!("{}.yaml", args.name));
    if path.symlink_metadata().is_ok() {
        return Err(exists(args, &display_path(&path)));
    }
    let mut drivers = vec![(Mode::Extract, driver(&workspace, &args.from, Mode::Extract)?)];
    for name in &args.through {
        drivers.push((Mode::Transform, driver(&workspace, name, Mode::Transform)?));
    }
    for name in &args.to {
        drivers.push((Mode::Write, driver(&workspace, name, Mode::Write)?));
    }
    let connections = connections(&args.connections, &drivers, &workspace)?;
    let ids = draft::ids(drivers.iter().map(|(mode, _)| *mode));
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (((mode, spec), connection), id) in drivers.iter().zip(connections).zip(ids) {
        let source = steps.iter().rfind(|step| step.mode != Mode::Write);
        let needs = source.map(|step| step.id.clone());
        steps.push(Step { id, mode: *mode, spec, connection, needs });
    }
    let Draft { text: content, blanks } = draft::write(&args.name, &steps);
    let unwritable = |error: io::Error| {
        let message = format!("cannot write the pipeline: {error}");
        Error::environment(Diagnostic::new(Code::ProjectUnwritable, message).in_file(&path))
    };
    std::fs::create_dir_all(workspace.project.layout.pipelines_dir()).map_err(unwritable)?;
    atomic::write_new(&path, content.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(args, &display_path(&path)),
        _ => unwritable(error),
    })?;
    let shown = display_path(&path);
    let mut text = format!("{} created {}\n", paint(SUCCESS, "✓"), paint(BOLD, &shown));
    if !blanks.is_empty() {
        text.push_str("Fill in:\n");
        for blank in &blanks {
            let draft::Blank { step, option, line } = blank;
            let option = escape_control(option);
            text.push_str(&format!("  {shown}:{line}  `{option}` of step `{step}`\n"));
        }
    }
    let next = [format!("osiris validate {}", args.name), format!("osiris run {}", args.name)];
    let missing = missing_connections(&steps, &workspace);
    for (connection, spec) in &missing {
        let fields = draft::connection_fields(spec).join(", ");
        let fields = escape_control(&fields);
        text.push_str(&format!("Add {connection} to {CONNECTIONS_FILE}, with {fields}\n"));
    }
    text.push_str("Next:\n");
    next.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    let json = json!({
        "file": path,
        "pipeline": args.name,
        "steps": steps.iter().map(|step| json!({
            "id": step.id, "driver": step.spec.name, "connection": step.connection,
        })).collect::<Vec<_>>(),
        "blanks": blanks,
        "missing_connections": missing.keys().collect::<Vec<_>>(),
        "next": next,
    });
    Ok(CommandOutput::new(json, text))
}

fn check_name(name: &str) -> Result<()> {
    let plain = slug(name);
    if plain == name && (1..=100).contains(&name.len()) {
        return Ok(());
    }
    let message = format!(
        "invalid pipeline name {}: expected up to 100 lower-case letters, digits and hyphens",
        quoted(name)
    );
    let stem = name.trim_end_matches(".yaml").rsplit('/').next().unwrap_or_default();
    let help = match slug(stem) {
        plain if (1..=100).contains(&plain.len()) => format!("name the pipeline `{plain}`"),
        _ => "choose a name like `orders-to-csv`".to_owned(),
    };
    Err(Error::invalid(Diagnostic::new(Code::NameInvalid, message).help(help)))
}

fn exists(args: &Args, path: &str) -> Error {
    let message = format!("cannot create the pipeline: `{path}` exists");
    let help = format!("choose another name, or run the pipeline with `osiris run {}`", args.name);
    Error::invalid(Diagnostic::new(Code::FileExists, message).help(help))
}

/// Finds a driver that supports a mode.
fn driver(workspace: &Workspace, name: &str, mode: Mode) -> Result<Arc<Spec>> {
    let Some(file) = workspace.drivers.find(name) else {
        let mut error = workspace.drivers.missing_driver_error(name);
        let names = workspace.drivers.drivers().map(|driver| driver.spec.name.as_str());
        if let Some(suggestion) = closest_match(name, names) {
            for problem in error.iter_mut().filter(|one| one.code == Code::DriverMissing) {
                problem.help = Some(format!("did you mean `{suggestion}`?"));
            }
        }
        return Err(error);
    };
    workspace.drivers.verified_content(file)?;
    let spec = &file.spec;
    if spec.modes.contains(&mode) {
        return Ok(spec.clone());
    }
    let option = |mode: Mode| match mode {
        Mode::Extract => Some(("--from", "read")),
        Mode::Transform => Some(("--through", "transform")),
        Mode::Write => Some(("--to", "write")),
        Mode::Discover => None,
    };
    let (given, verb) = option(mode).unwrap_or_default();
    let message = format!("driver `{}` cannot {verb} a table, as `{given}` requires", spec.name);
    let possible: Vec<&str> = spec.modes.iter().filter_map(|mode| Some(option(*mode)?.0)).collect();
    let help = match &possible[..] {
        [] => "choose another driver: `osiris drivers list`".to_owned(),
        [one, ..] => format!("use the driver with `{one} {}`", spec.name),
    };
    Err(Error::invalid(Diagnostic::new(Code::ModeIncompatible, message).help(help)))
}

/// Returns the connections of the project. A file with problems is reported by the commands that
/// use its connections.
fn project_connections(workspace: &Workspace) -> Connections {
    Connections::read(workspace.project.base()).unwrap_or_default()
}

/// Returns the connections of steps that the project does not have, with the steps' drivers.
fn missing_connections<'s>(
    steps: &'s [Step<'_>],
    workspace: &Workspace,
) -> BTreeMap<&'s str, &'s Spec> {
    let project = project_connections(workspace);
    let is_missing = |text: &str| {
        Reference::from_str(text)
            .is_ok_and(|Reference { family, alias }| project.choose(&family, Some(&alias)).is_err())
    };
    let named = steps.iter().filter_map(|step| Some((step.connection.as_deref()?, &**step.spec)));
    named.filter(|(connection, _)| is_missing(connection)).collect()
}

/// Returns the connection of each step: the given one of the driver's family, or the family's
/// default in the project.
fn connections(
    given: &[String],
    drivers: &[(Mode, Arc<Spec>)],
    workspace: &Workspace,
) -> Result<Vec<Option<String>>> {
    let given: Vec<Reference> = given
        .iter()
        .map(|text| Reference::from_str(text).map_err(Error::invalid))
        .collect::<Result<_>>()?;
    let connects = |spec: &Spec| !spec.connection_fields.is_empty();
    let families = drivers.iter().filter(|(_, spec)| connects(spec)).map(|(_, spec)| spec.family());
    let families: Vec<&str> = families.collect();
    for reference in &given {
        let family = reference.family.as_str();
        let steps = families.iter().filter(|other| **other == family).count();
        let same = given.iter().filter(|other| other.family == family).count();
        if steps == 0 {
            let message = format!("no step uses the connection `{reference}`");
            let help = match families.first() {
                Some(first) => format!("use a connection like `@{first}.main`"),
                None => "remove `--connection`: the drivers need no connection".to_owned(),
            };
            let problem = Diagnostic::new(Code::ConnectionFamilyMismatched, message);
            return Err(Error::invalid(problem.help(help)));
        }
        if same > 1 && same != steps {
            let message = format!("{same} connections of the family `{family}` for {steps} steps");
            let help = "give one connection for all of these steps, or one for each";
            return Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)));
        }
    }
    let project = project_connections(workspace);
    let default = |family: &str| {
        let only = || match project.families.get(family)?.keys().collect::<Vec<_>>()[..] {
            [alias] => Some(format!("@{family}.{alias}")),
            _ => None,
        };
        project.choose(family, None).map(|(reference, _)| reference.to_string()).ok().or_else(only)
    };
    let mut chosen = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    for (_, spec) in drivers {
        if !connects(spec) {
            chosen.push(None);
            continue;
        }
        let family = spec.family();
        let nth = used.iter().filter(|other| **other == family).count();
        used.push(family);
        let of_family: Vec<&Reference> =
            given.iter().filter(|reference| reference.family == family).collect();
        chosen.push(match &of_family[..] {
            [] => default(family),
            [only] => Some(only.to_string()),
            several => several.get(nth).map(ToString::to_string),
        });
    }
    Ok(chosen)
}
