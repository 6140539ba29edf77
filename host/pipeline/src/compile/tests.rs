//! Whole compiles against drivers that exist only as specs.

mod builds;
mod problems;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use osiris_core::driver::spec::Spec;

use super::*;
use crate::connection::{Connections, Environment};

const READER: &str = r#"
name: files.reader
version: 1.2.0
modes: [extract, discover]
configSchema:
  type: object
  required: [path]
  properties:
    path: {type: string, description: The file to read.}
    paths: {type: array, items: {type: string}}
    delimiter: {type: string, maxLength: 1, default: ","}
    limit: {type: integer, minimum: 1}
    header: {type: boolean, default: true}
    newline: {enum: [lf, crlf]}
    api: {type: object, properties: {login: {type: string}}}
    password: {type: string}
    dtype: {type: object, additionalProperties: {enum: [string, integer]}}
secrets: [/password, /api/login]
files: {read: [/path, /paths]}
"#;

const SHAPER: &str = r#"
name: tables.shaper
version: 0.1.0
modes: [transform]
configSchema: {type: object, properties: {query: {type: string}}}
"#;

const WRITER: &str = r#"
name: files.writer
version: 1.0.0
modes: [write]
configSchema:
  type: object
  required: [path]
  properties: {path: {type: string}, newline: {enum: [lf, crlf], default: lf}}
files: {write: [/path]}
"#;

/// Drivers that exist only as specs.
struct Specs(Vec<Arc<Spec>>);

impl Specs {
    fn new() -> Self {
        let parse = |text: &str| Spec::parse(text.as_bytes(), Path::new("spec.yaml")).unwrap();
        Self([READER, SHAPER, WRITER].map(|text| Arc::new(parse(text))).into())
    }
}

impl Drivers for Specs {
    fn find(&self, name: &str) -> Result<Found, Missing> {
        if name == "files.broken" {
            let problem = Diagnostic::new(Code::ComponentInvalid, "not a component");
            return Err(Missing::Unusable(vec![problem]));
        }
        let spec = self.0.iter().find(|spec| spec.name == name);
        let found = |spec: &Arc<Spec>| Found {
            spec: spec.clone(),
            sha256: "0".repeat(64),
            built_in: false,
        };
        spec.map(found).ok_or(Missing::Unknown { searched: vec![PathBuf::from("drivers")] })
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|spec| spec.name.clone()).collect()
    }
}

/// A project in a temporary directory.
struct Sandbox {
    folder: tempfile::TempDir,
    project: Project,
}

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::open(folder.path()).unwrap();
        Self { folder, project }
    }

    fn pipeline(&self, text: &str) -> PathBuf {
        let file = self.folder.path().join("p.yaml");
        fs::write(&file, text).unwrap();
        file
    }

    fn compile(&self, text: &str, options: &Options) -> Result<Build> {
        compile(&self.project, &self.pipeline(text), options, &Specs::new())
    }
}

/// A pipeline that compiles: a reader, a transformer and a writer.
const GOOD: &str = r#"oml_version: "0.1.0"
name: orders
params:
  limit: 10
  folder: {default: data, description: Where the files are.}
profiles:
  prod:
    params: {limit: 1000}
steps:
  - id: load
    component: files.reader
    mode: read
    config: {path: "${params.folder}/in.csv", limit: "${params.limit}"}
  - id: shape
    component: tables.shaper
    mode: transform
  - id: save
    component: files.writer
    mode: write
    config:
      path: out.csv
"#;

/// Formats each problem as `line:column code: message (help)`.
fn lines(problems: &[Diagnostic]) -> Vec<String> {
    let line = |problem: &Diagnostic| {
        let at = problem.location.as_ref().and_then(|location| location.position);
        let at = at.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.column));
        let help = problem.help.as_deref().unwrap_or_default();
        format!("{at} {}: {} ({help})", problem.code, problem.message)
    };
    problems.iter().map(line).collect()
}
