//! `osiris preview`.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::LimitOverrides;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::redact::Redactor;
use osiris_engine::Engine;
use osiris_engine::table::{Closed, Receiver, channel};
use osiris_pipeline::compile::Checked;
use osiris_pipeline::connection::Environment;
use osiris_pipeline::manifest::Manifest;
use osiris_runtime::run::{RunProgress, StepTables, execute, prepare, sandboxed_runtime};
use osiris_runtime::session::{RunFacts, RunStatus, Session, StatusFile};
use osiris_runtime::{ConnectedBuild, Workspace};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::compile_args::{CompileArgs, warn};
use super::complete;
use super::endpoint::{Endpoint, format_of, option};
use super::render::{BOLD, DIM, Table, cut, paint};
use super::rows::{self, Room};
use super::run;
use super::shell::{CommandOutput, Shell, display_path};
use super::signals::Signals;
use super::spool::TempDir;

const EXAMPLES: &str = "\
Examples:
  osiris preview data/orders.csv
  osiris preview @postgres.main/orders --rows 3
  osiris preview @postgres.main --from 'query=select * from orders where total > 100'
  osiris preview orders --step clean
  osiris preview data/orders.csv --json | jq '.columns'

Steps that write never run. Values that are too long for a terminal are cut; `--json` shows more.";

/// Bytes of batches between the step and this command.
const BUDGET: usize = 2 << 20;
/// Maximum characters of a column's name in the list of a file's columns.
const NAME: usize = 64;
/// Maximum characters of a cell on a terminal.
const CELL: usize = 24;
/// Maximum columns on a terminal.
const COLUMNS: usize = 12;

/// Show the types and the first rows of a file, a table or a step
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// File, table like @postgres.main/orders, or pipeline, by its name or file
    #[arg(value_name = "SOURCE", add = complete::sources())]
    source: String,
    /// Step of the pipeline whose rows are shown; its first step by default
    #[arg(long, value_name = "ID", add = complete::steps())]
    step: Option<String>,
    /// Maximum number of rows
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(1..=10_000))]
    rows: u16,
    /// Set an option of the driver that reads a file or table; can be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = option)]
    from: Vec<(String, Value)>,
    #[command(flatten)]
    values: CompileArgs,
}

pub(super) fn preview(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    Ok(match sample(args, shell)? {
        ControlFlow::Continue(sample) => answer(&args.source, &sample),
        ControlFlow::Break(exit) => CommandOutput::stopped(exit),
    })
}

/// Returns the columns of a file for `osiris discover`, with the types that a run gives them.
pub(super) fn describe(file: &str, shell: &Shell) -> Result<CommandOutput> {
    let (source, values) = (file.to_owned(), CompileArgs::default());
    // Without a limit, by which the driver would infer the types from the first rows only.
    let args = Args { source, step: None, rows: 0, from: Vec::new(), values };
    let (format, family) = format_of(file)?;
    let sample = match sample(&args, shell)? {
        ControlFlow::Continue(sample) => sample,
        ControlFlow::Break(exit) => return Ok(CommandOutput::stopped(exit)),
    };
    let types = types(&sample);
    let mut table = Table::new(["Column", "Type"]);
    for (name, kind) in sample.names.iter().zip(&types) {
        let plain = anstyle::Style::new();
        table.styled([(cut(name, NAME).into_owned(), plain), (kind.clone(), DIM)]);
    }
    let columns = sample.names.iter().zip(&types);
    let columns: Vec<Value> =
        columns.map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    let counts = format!("{} columns", columns.len());
    let about =
        format!("in {} ({format}, read by {family}_extractor)", display_path(Path::new(file)));
    let text = format!("{}{} {about}\n", table.render(), paint(BOLD, &counts));
    let json = json!({
        "path": file,
        "format": format,
        "driver": format!("{family}_extractor"),
        "columns": columns,
        "truncated": sample.names_cut,
    });
    Ok(CommandOutput::new(json, text))
}

/// Reads the first rows of a source. Breaks with an exit code if a signal stops it.
fn sample(args: &Args, shell: &Shell) -> Result<ControlFlow<u8, Sample>> {
    let workspace = shell.workspace()?;
    let (checked, step) = source(args, &workspace)?;
    warn(&checked.warnings, shell);
    let manifest = run::select(&checked.manifest, std::slice::from_ref(&step))?;
    let mut configs = checked.configs;
    let mode = manifest.steps.iter().find(|one| one.id == step).map(|one| one.mode);
    match mode {
        Some(Mode::Write) => {
            let message = format!("step `{step}` writes rows and produces none");
            return Err(Error::invalid(Diagnostic::new(Code::StepTableInvalid, message)));
        }
        // Saves the source work; a driver without this option is stopped after its first rows.
        Some(Mode::Extract) if args.rows > 0 => {
            limit_rows(&manifest, &mut configs, &step, args.rows, &workspace);
        }
        _ => {}
    }
    let environment = Environment::read(workspace.project.base())?;
    let connected = ConnectedBuild::of(&workspace, &manifest, &configs, &environment)?;
    let redactor = connected.redactor()?;
    run_slice(&workspace, &connected, &step, &redactor, args.rows.into())
}

/// Returns the pipeline of a source, checked, and the step to show.
fn source(args: &Args, workspace: &Workspace) -> Result<(Checked, String)> {
    let options = args.values.options()?;
    let path = Path::new(&args.source);
    let is_pipeline = args.step.is_some()
        || path.extension().is_some_and(|e| e == "yaml" || e == "yml")
        || (!path.exists() && workspace.pipeline_file(path).is_ok());
    if is_pipeline {
        let checked = workspace.check(path, &options)?;
        let first = checked.manifest.steps.first().map(|step| step.id.clone());
        let step = args.step.clone().or(first).unwrap_or_default();
        return Ok((checked, step));
    }
    let step = Endpoint::parse(&args.source)?.step(Mode::Extract, &args.from, workspace)?;
    let mut text = String::from("oml_version: \"0.1.0\"\nname: preview\nsteps:\n");
    step.write_to(&mut text, "read", "read", None);
    let mut checked = workspace.check_text(Path::new("preview.yaml"), &text, &options)?;
    // Nothing reads the table of the step, which is what a preview is.
    checked.warnings.clear();
    Ok((checked, "read".to_owned()))
}

/// Asks the driver of a step for no more rows than are shown, if it has an option for that.
fn limit_rows(
    manifest: &Manifest,
    configs: &mut std::collections::BTreeMap<String, Value>,
    id: &str,
    rows: u16,
    workspace: &Workspace,
) {
    let step = manifest.steps.iter().find(|step| step.id == id);
    let driver = step.and_then(|step| workspace.drivers.find(&step.driver.name));
    if !driver.is_some_and(|driver| driver.spec.has_key("limit")) {
        return;
    }
    if let Some(Value::Object(config)) = configs.get_mut(id)
        && config.get("limit").and_then(Value::as_u64).is_none_or(|own| own > rows.into())
    {
        config.insert("limit".to_owned(), rows.into());
    }
}

/// The first rows of a table.
#[derive(Default)]
struct Sample {
    schema: Option<SchemaRef>,
    names: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// Number of nulls in the shown rows, by column.
    nulls: Vec<usize>,
    is_cut: bool,
    /// Whether columns were left out.
    names_cut: bool,
    /// Whether the table ended with these rows.
    is_whole: bool,
}

/// Runs a slice of a pipeline until the step has sent enough rows, or a signal stops it. The session
/// of this run is removed: nothing but the rows stays.
fn run_slice(
    workspace: &Workspace,
    connected: &ConnectedBuild,
    step: &str,
    redactor: &Redactor,
    most: usize,
) -> Result<ControlFlow<u8, Sample>> {
    let tmp = workspace.project.layout.tmp_dir();
    let logs = TempDir::new(workspace, "preview-");
    let (sender, mut readers) = channel(1, BUDGET, ProjectDir::new(workspace.project.base(), &tmp));
    let reader = readers.remove(0);
    let job = connected.job(workspace, workspace.limits(&LimitOverrides::new()));
    let mut prepared = prepare(Engine::new()?, &workspace.drivers, job, |_| {})?;
    prepared.connect(StepTables {
        outputs: [(step.to_owned(), sender)].into(),
        ..StepTables::default()
    })?;
    let progress = Arc::new(RunProgress::new(&prepared));
    logs.create()?;
    let session = Session::create(
        logs.path(),
        &connected.manifest,
        b"",
        redactor.clone(),
        RunFacts::default(),
    )?;
    let (mut sandbox, dirs) = prepared.sandbox(session.dir());
    // The session is removed at the end.
    sandbox.own.push(logs.path().to_owned());
    let runtime = sandboxed_runtime(&sandbox)?;
    let cancel = CancellationToken::new();
    let mut room = Room::new(redactor);
    let (status, sample) = runtime.block_on(async {
        let listen_error = |error: io::Error| {
            let message = format!("cannot start the preview: {error}");
            Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
        };
        let mut signals = Signals::listen().map_err(listen_error)?;
        let run = execute(prepared, &session, progress, cancel.clone());
        let take = async {
            let sample = tokio::select! {
                sample = take(reader, most, &mut room) => ControlFlow::Continue(sample),
                exit = signals.next() => ControlFlow::Break(exit),
            };
            cancel.cancel();
            sample
        };
        Ok(tokio::join!(run, take))
    })?;
    runtime.shutdown_background();
    dirs.clear();
    drop(session);
    let StatusFile { status, error, .. } = status?;
    match sample {
        ControlFlow::Break(exit) => Ok(ControlFlow::Break(exit)),
        ControlFlow::Continue(Ok(sample)) => Ok(ControlFlow::Continue(sample)),
        ControlFlow::Continue(Err(Closed(reason))) => {
            let message = match error.filter(|_| status == RunStatus::Failed) {
                Some(error) => error.to_string(),
                None => reason,
            };
            Err(Error::failed(Diagnostic::new(Code::PreviewFailed, message)))
        }
    }
}

/// Reads the first rows of a table.
async fn take(
    mut reader: Receiver,
    most: usize,
    room: &mut Room<'_>,
) -> std::result::Result<Sample, Closed> {
    let schema = reader.schema().await?;
    let (names, names_cut) = rows::names(&schema, room);
    let (schema, nulls, is_cut) = (Some(schema), vec![0; names.len()], names_cut);
    let mut sample = Sample { schema, names, nulls, is_cut, names_cut, ..Sample::default() };
    while sample.rows.len() < most && !room.is_full() {
        let Some(batch) = reader.next().await? else {
            sample.is_whole = true;
            break;
        };
        let left = most - sample.rows.len();
        sample.is_cut |= rows::cells(batch.record(), left, room, &mut sample.rows);
    }
    for row in &sample.rows {
        for (count, cell) in sample.nulls.iter_mut().zip(row) {
            *count += usize::from(cell.is_null());
        }
    }
    Ok(sample)
}

fn answer(source: &str, sample: &Sample) -> CommandOutput {
    let types = types(sample);
    let columns = sample.names.iter().zip(&types).zip(&sample.nulls);
    let columns: Vec<Value> = columns
        .map(|((name, kind), nulls)| json!({"name": name, "type": kind, "nulls": nulls}))
        .collect();
    let json = json!({
        "source": source,
        "columns": columns,
        "rows": sample.rows,
        "whole": sample.is_whole,
        "truncated": sample.is_cut,
    });
    CommandOutput::new(json, text(sample, &types))
}

fn types(sample: &Sample) -> Vec<String> {
    let fields = sample.schema.iter().flat_map(|schema| schema.fields().iter());
    fields.map(|field| type_name(field.data_type())).collect()
}

fn text(sample: &Sample, types: &[String]) -> String {
    let shown = sample.names.len().min(COLUMNS);
    let mut table =
        Table::of(sample.names[..shown].iter().map(|name| cut(name, CELL).into_owned()));
    table.styled(types.iter().take(shown).map(|kind| (kind.clone(), DIM)));
    for row in &sample.rows {
        table.styled(row.iter().take(shown).map(|cell| match cell {
            Value::String(text) => (cut(text, CELL).into_owned(), anstyle::Style::new()),
            _ => ("null".to_owned(), DIM),
        }));
    }
    let part = if sample.is_whole { "the whole table" } else { "the beginning of the table" };
    let counts = format!("{} rows, {} columns", sample.rows.len(), sample.names.len());
    let mut text = table.render();
    text.push_str(&format!("{}, {part}\n", paint(BOLD, &counts)));
    if shown < sample.names.len() {
        let more = sample.names.len() - shown;
        text.push_str(&format!("... and {more} more columns; `--json` shows all\n"));
    }
    text
}

/// Returns the name of a type as the documentation of drivers writes it.
fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("decimal({precision}, {scale})")
        }
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("timestamp, {zone}"),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_shows_types_nulls_and_cut_cells() {
        let schema = arrow::datatypes::Schema::new(vec![
            arrow::datatypes::Field::new("id", DataType::Int64, true),
            arrow::datatypes::Field::new("text", DataType::Utf8, true),
        ]);
        let sample = Sample {
            schema: Some(Arc::new(schema)),
            names: vec!["id".into(), "text".into()],
            rows: vec![vec!["1".into(), "x".repeat(40).into()], vec!["2".into(), Value::Null]],
            nulls: vec![0, 1],
            is_whole: true,
            ..Sample::default()
        };
        let output = answer("a.csv", &sample);
        assert_eq!(output.json["columns"][1], json!({"name": "text", "type": "text", "nulls": 1}));
        let text = anstream::adapter::strip_str(&output.text).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["  id     text", "  int64  text"]);
        assert!(lines[3].ends_with("null"), "{text}");
        assert!(!text.contains(&"x".repeat(30)), "{text}");
        assert_eq!(lines[4], "2 rows, 2 columns, the whole table");
    }
}
