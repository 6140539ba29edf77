//! Input of a driver: its cases with their configurations and tables, and the projects in which
//! they run.

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_pipeline::connection::{self, CONNECTION_KEY, RESOLVED_KEY};
use serde_json::{Map, Value, json};

use super::cases::{Case, InputTable};
use super::check::{NotPassed, skip};
use super::data;
use super::harness::{Harness, TestTarget};
use super::invocation::{InputEnd, InputStream, Invocation};
use super::temp_project::TempProject;

impl Harness {
    /// Checks the cases. A configuration that does not fit is the case's fault, not the driver's.
    pub(super) fn check_cases(&self) -> Result<()> {
        let Some(spec) = &self.spec else { return Ok(()) };
        for case in &self.cases {
            let wrong = |reason: String| {
                let message = format!("case `{}`: {reason}", case.name);
                Error::invalid(Diagnostic::new(Code::CasesInvalid, message).help(format!(
                    "see `osiris drivers inspect {}` for the configuration of the driver",
                    self.path.display()
                )))
            };
            if !spec.modes.contains(&case.mode) {
                return Err(wrong(format!("driver `{}` does not have this mode", spec.name)));
            }
            if self.cannot_connect() {
                continue;
            }
            self.config(case).map_err(|not_passed| match not_passed {
                NotPassed::Failed(reason) | NotPassed::Skipped(reason) => wrong(reason),
            })?;
        }
        Ok(())
    }

    fn cannot_connect(&self) -> bool {
        self.reference.is_none()
            && self.spec.as_ref().is_some_and(|spec| spec.requires_connection())
    }

    /// Returns the cases of a mode that can run on this machine.
    pub(super) fn cases(&self, mode: Mode) -> Vec<Case> {
        let Some(spec) = self.spec.as_ref().filter(|_| !self.cannot_connect()) else {
            return Vec::new();
        };
        let own: Vec<_> = self.cases.iter().filter(|case| case.mode == mode).cloned().collect();
        if !own.is_empty() || !spec.modes.contains(&mode) || spec.requires_connection() {
            return own;
        }
        // The files that an example reads do not exist here.
        let mut examples: Vec<Case> = spec
            .examples
            .iter()
            .map(|example| Case::of(example, mode))
            .filter(|case| configured_paths(&json!(case.config), &spec.files.read).next().is_none())
            .collect();
        let empty = Case::new("the defaults".to_owned(), mode, Map::new());
        if spec.examples.is_empty() && self.config(&empty).is_ok() {
            examples.push(empty);
        }
        examples
    }

    pub(super) fn plain(&self, mode: Mode) -> Option<Case> {
        self.cases(mode).into_iter().find(Case::is_plain)
    }

    /// Returns the reason why a mode has no case, or `None` if it has one.
    pub(super) fn without_case(&self, mode: Mode) -> Option<String> {
        let spec = self.spec.as_ref()?;
        if !spec.modes.contains(&mode) {
            return Some("the driver does not have this mode".to_owned());
        }
        if self.cannot_connect() {
            return Some("requires `--connection`".to_owned());
        }
        let none = "no case of this mode: add cases with `--cases`";
        self.plain(mode).is_none().then(|| none.to_owned())
    }

    /// Returns the first case that can run.
    pub(super) fn base(&self) -> Option<Case> {
        [Mode::Extract, Mode::Transform, Mode::Write].into_iter().find_map(|mode| self.plain(mode))
    }

    /// Returns the first case that takes rows.
    pub(super) fn input_case(&self) -> Option<Case> {
        [Mode::Transform, Mode::Write].into_iter().find_map(|mode| self.plain(mode))
    }

    /// Returns the complete configuration of a case, as a run would pass it on.
    pub(super) fn config(&self, case: &Case) -> Result<Value, NotPassed> {
        let spec = self.spec()?;
        self.complete(&case.config, spec).map_err(NotPassed::Failed)
    }

    pub(super) fn complete(
        &self,
        config: &Map<String, Value>,
        spec: &Spec,
    ) -> Result<Value, String> {
        let mut config = config.clone();
        config.remove(CONNECTION_KEY);
        let reference =
            self.reference.as_ref().filter(|reference| reference.family == spec.family());
        let config = match reference.filter(|_| !spec.connection_fields.is_empty()) {
            None => Value::Object(config),
            Some(reference) => {
                config.insert(CONNECTION_KEY.to_owned(), reference.to_string().into());
                let TestTarget { connections, environment, .. } = &self.subject;
                let config = Value::Object(config);
                let mut whole = connection::resolve_step_config(
                    "the configuration",
                    &config,
                    spec,
                    connections,
                    environment,
                )
                .map_err(|error| error.first().message.clone())?;
                if let Some(fields) = whole.as_object_mut() {
                    fields.remove(CONNECTION_KEY);
                }
                whole
            }
        };
        let schema = spec.schema()?;
        let mut filled = config.clone();
        schema.fill(&mut filled);
        match schema.check(&filled).first() {
            None => Ok(config),
            Some(finding) => Err(finding.message.clone()),
        }
    }

    /// Returns a configuration with nothing but the connection, or `None` without a connection.
    pub(super) fn connected(&self) -> Result<Option<Value>, NotPassed> {
        let (spec, Some(reference)) = (self.spec()?, &self.reference) else { return Ok(None) };
        let TestTarget { connections, environment, .. } = &self.subject;
        let mut config = connection::connection_config(reference, spec, connections, environment)
            .map_err(|error| skip(error.first().message.clone()))?;
        if let Some(fields) = config.as_object_mut() {
            fields.remove(CONNECTION_KEY);
        }
        Ok(Some(config))
    }

    /// Creates a project with a case's files.
    pub(super) fn create_project(&self, case: &Case) -> Result<TempProject, NotPassed> {
        self.create_shrunk_project(case, 1)
    }

    /// Creates a project like [`Harness::create_project`], with repeated text divided by `shrink`.
    pub(super) fn create_shrunk_project(
        &self,
        case: &Case,
        shrink: u64,
    ) -> Result<TempProject, NotPassed> {
        let broken =
            |error: std::io::Error| skip(format!("cannot write the files of the case: {error}"));
        let project = TempProject::new(self.root.path(), &case.files, shrink).map_err(broken)?;
        // Certificates of a connection are files of the project.
        if let Some(config) = self.connected()? {
            for path in configured_paths(&config, &self.spec()?.files.read) {
                let to = project.base().join(path);
                std::fs::create_dir_all(to.parent().unwrap_or(project.base()))
                    .and_then(|()| std::fs::copy(self.subject.project.join(path), to))
                    .map_err(broken)?;
            }
        }
        Ok(project)
    }

    /// Returns the call that a case describes.
    pub(super) fn trial(&self, case: &Case) -> Result<Invocation, NotPassed> {
        Ok(Invocation {
            mode: case.mode,
            config: self.config(case)?,
            inputs: feeds(case, InputEnd::Complete),
            cancel_at: None,
            state: None,
            share: None,
            keep: true,
        })
    }
}

/// Returns the tables of a case. A table that does not end well has different rows, which must not
/// arrive.
pub(super) fn feeds(case: &Case, end: InputEnd) -> Vec<InputStream> {
    let from = |input: &InputTable| if end == InputEnd::Complete { 0 } else { input.rows };
    let feed = |input: &InputTable| InputStream {
        name: input.name.clone(),
        schema: input.schema.clone(),
        batches: Box::new(std::iter::once(data::batch(&input.schema, from(input), input.rows))),
        end,
    };
    case.inputs.iter().map(feed).collect()
}

/// Returns the part of a configuration that is passed to the driver's doctor.
pub(super) fn connection_of(config: &Value, spec: &Spec) -> Value {
    let config = connection::driver_view(config, spec);
    config.get(RESOLVED_KEY).cloned().unwrap_or_else(|| json!({}))
}
