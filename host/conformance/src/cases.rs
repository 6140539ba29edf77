//! `conformance.yaml`: the cases to run a driver with.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::Example;
use osiris_core::schema::Schema;
use osiris_core::text::quoted;
use osiris_core::yaml::{self, Diagnostics, Node};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::data;
use super::row_diff::ExpectedRow;

/// JSON Schema (2020-12) of the file.
const SCHEMA: &str = include_str!("cases.schema.json");
/// The largest file that is copied into a project, in bytes.
const LARGEST: u64 = 64 << 20;
/// Maximum size of a file with repeated text, in bytes.
const MAX_REPEATED: u64 = 1 << 30;

/// A file of cases.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Cases {
    /// Name of the driver.
    pub driver: String,
    /// Ids of checks that do not apply, with the reason.
    #[serde(default)]
    pub skip: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) cases: Vec<Case>,
}

/// A configuration with its files, tables and expected result.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) mode: Mode,
    #[serde(default)]
    pub(super) config: Map<String, Value>,
    #[serde(default)]
    pub(super) files: BTreeMap<String, Fixture>,
    /// The input tables, in the order of the file.
    #[serde(skip)]
    pub(super) inputs: Vec<InputTable>,
    pub(super) read_back: Option<ReadBack>,
    #[serde(default)]
    pub(super) large: bool,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// An input table.
#[derive(Debug, Clone)]
pub(super) struct InputTable {
    pub(super) name: String,
    pub(super) schema: SchemaRef,
    pub(super) rows: usize,
}

/// The driver and configuration that read back the written rows.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ReadBack {
    pub(super) driver: String,
    pub(super) config: Map<String, Value>,
    /// The rows expected, if they differ from those written.
    pub(super) rows: Option<Vec<ExpectedRow>>,
}

/// The expected result of a case.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Expect {
    pub(super) rows: Option<u64>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) error: Option<String>,
}

/// Content of a file in the trial project.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Fixture {
    file: Option<PathBuf>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    repeat: String,
    #[serde(default)]
    times: u64,
}

impl Cases {
    /// Reads a file of cases.
    ///
    /// # Errors
    /// Returns every problem of the file, with its position.
    pub fn read(file: &Path) -> Result<Self> {
        let root = yaml::read(file)?;
        let json = root.to_json();
        let internal = |reason: String| {
            Error::invalid(
                Diagnostic::new(Code::CasesInvalid, format!("invalid cases: {reason}"))
                    .in_file(file),
            )
        };
        let shape = serde_json::from_str(SCHEMA).map_err(|error| internal(error.to_string()))?;
        let mut problems = Diagnostics::new(file);
        for finding in Schema::new(shape).map_err(internal)?.check(&json) {
            let mut problem =
                Diagnostic::new(Code::CasesInvalid, format!("invalid cases: {}", finding.message));
            problem.help = finding.help;
            problems.report(root.position_of(&finding.pointer), problem);
        }
        problems = problems.into_result(Diagnostics::new(file))?;
        let mut cases: Self =
            serde_json::from_value(json).map_err(|error| internal(error.to_string()))?;
        for (index, case) in cases.cases.iter_mut().enumerate() {
            case.finish(&format!("/cases/{index}"), &root, file, &mut problems);
        }
        problems.into_result(cases)
    }
}

impl Case {
    /// Creates a case from a spec's example, for this mode.
    pub(super) fn of(example: &Example, mode: Mode) -> Self {
        let config = example.config.clone().into_iter().collect();
        Self::new(format!("the example {}", quoted(&example.title)), mode, config)
    }

    /// Creates a case from a configuration alone.
    pub(super) fn new(name: String, mode: Mode, config: Map<String, Value>) -> Self {
        let inputs = if mode == Mode::Extract { Vec::new() } else { vec![data::default_input()] };
        Self {
            name,
            mode,
            config,
            inputs,
            files: BTreeMap::new(),
            read_back: None,
            large: false,
            expect: Expect::default(),
        }
    }

    /// Returns whether the case shows a driver's normal behavior: it expects no error and is not
    /// large.
    pub(super) fn is_plain(&self) -> bool {
        self.expect.error.is_none() && !self.large
    }

    fn finish(&mut self, at: &str, root: &Node, file: &Path, problems: &mut Diagnostics<'_>) {
        let invalid = |pointer: &str, message: String, help: &str| {
            let message = format!("case {}: {message}", quoted(&self.name));
            (root.position_of(pointer), Diagnostic::new(Code::CasesInvalid, message).help(help))
        };
        let mut findings = Vec::new();
        for (name, fixture) in &mut self.files {
            let pointer = format!("{at}/files/{}", name.replace('~', "~0").replace('/', "~1"));
            if Path::new(name)
                .components()
                .any(|part| !matches!(part, std::path::Component::Normal(_)))
            {
                let help = "use a path inside the project, like `data/people.csv`";
                findings.push(invalid(
                    &pointer,
                    format!("{} is outside the project", quoted(name)),
                    help,
                ));
            }
            if fixture.times.saturating_mul(fixture.repeat.len() as u64) > MAX_REPEATED {
                let message = format!("{} has more than {MAX_REPEATED} bytes", quoted(name));
                findings.push(invalid(&pointer, message, "lower `times`"));
            }
            if let Some(from) = &mut fixture.file {
                *from = file.parent().unwrap_or(Path::new("")).join(&from);
                if let Err(error) = yaml::read_bytes(from, LARGEST) {
                    let message = error.first().message.clone();
                    let message = format!("{}: {message}", from.display());
                    findings.push(invalid(
                        &pointer,
                        message,
                        "use a path relative to the file of cases",
                    ));
                }
            }
        }
        let tables = root.entry("cases").and_then(|cases| {
            let index: usize = at.rsplit('/').next()?.parse().ok()?;
            cases.value.as_list()?.get(index)?.entry("inputs")?.value.as_map()
        });
        let mut inputs = Vec::new();
        for entry in tables.into_iter().flatten() {
            match data::parse(&entry.key, &entry.value) {
                Ok(input) => inputs.push(input),
                Err(reason) => {
                    let pointer = format!("{at}/inputs/{}", entry.key);
                    findings.push(invalid(
                        &pointer,
                        reason,
                        "see the README of the kit for formats",
                    ));
                }
            }
        }
        if inputs.is_empty() && self.mode != Mode::Extract {
            inputs.push(data::default_input());
        }
        if self.mode == Mode::Extract && !inputs.is_empty() {
            let help = "remove `inputs`, or correct `mode`";
            findings.push(invalid(
                &format!("{at}/inputs"),
                "an extractor has no inputs".into(),
                help,
            ));
        }
        findings.into_iter().for_each(|(position, problem)| problems.report(position, problem));
        self.inputs = inputs;
    }
}

impl Fixture {
    /// Writes the file; repeats are divided by `shrink`.
    pub(super) fn write(&self, out: &mut impl Write, shrink: u64) -> io::Result<()> {
        if let Some(file) = &self.file {
            let bytes = yaml::read_bytes(file, LARGEST).map_err(io::Error::other)?;
            out.write_all(&bytes)?;
        }
        out.write_all(self.text.as_bytes())?;
        let mut out = io::BufWriter::new(out);
        for _ in 0..self.times.div_ceil(shrink.max(1)) {
            out.write_all(self.repeat.as_bytes())?;
        }
        out.flush()
    }
}
