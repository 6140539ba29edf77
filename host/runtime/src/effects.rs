//! The effects of a run: the files and tables that its steps wrote, and the states that they keep
//! for the next run.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use osiris_core::contract::Mode;
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_core::text::format_bytes;
use osiris_pipeline::connection::{CONNECTION_KEY, with_defaults};
use osiris_pipeline::manifest::{Manifest, Step};
use serde_json::Value;

use crate::run::StateStore;
use crate::session::{Output, StateChange, StatusFile, StepState};
use crate::workspace::Workspace;

/// Bytes of the largest state that a status contains. Larger ones stay in their file only.
const MAX_SHOWN_STATE: usize = 4096;

/// The outputs and states of a run's steps as they are before the run.
pub(crate) struct Baseline {
    outputs: Vec<ExpectedOutput>,
    store: StateStore,
    states: BTreeMap<String, Option<Value>>,
}

/// A file or table that a step is expected to write.
struct ExpectedOutput {
    output: Output,
    is_write_step: bool,
    /// Absolute path and earlier metadata of a file.
    file: Option<(PathBuf, Option<Metadata>)>,
}

impl Baseline {
    /// Looks at the outputs and states of the steps. Called before the run.
    pub(crate) fn take(
        workspace: &Workspace,
        manifest: &Manifest,
        configs: &BTreeMap<String, Value>,
    ) -> Self {
        let layout = &workspace.project.layout;
        let store = StateStore::new(&layout.base, &layout.state_dir(), &manifest.pipeline.id);
        let mut outputs = Vec::new();
        for step in &manifest.steps {
            if let (Some(driver), Some(config)) =
                (workspace.drivers.find(&step.driver.name), configs.get(&step.id))
            {
                outputs.extend(expected_outputs(step, &driver.spec, config, &layout.base));
            }
        }
        let states =
            manifest.steps.iter().map(|step| (step.id.clone(), state(&store, &step.id))).collect();
        Self { outputs, store, states }
    }

    /// Adds the outputs of the steps that succeeded, and the states of all steps.
    pub(crate) fn complete(&self, status: &mut StatusFile) {
        // The output of a step that did not succeed can be missing or incomplete.
        let rows = |id: &str| {
            let mut steps = status.steps.iter();
            let step = steps.find(|step| step.id == id && step.status == StepState::Success);
            step.map(|step| step.rows_out)
        };
        let outputs = self.outputs.iter().filter_map(|expected| {
            let rows = rows(&expected.output.step)?;
            let mut output = expected.written()?;
            output.rows = expected.is_write_step.then_some(rows);
            Some(output)
        });
        status.outputs = outputs.collect();
        for step in &mut status.steps {
            let before = self.states.get(&step.id).cloned().flatten();
            let after = state(&self.store, &step.id);
            let has_state = before.is_some() || after.is_some();
            step.state = has_state.then_some(StateChange { before, after });
        }
    }
}

impl ExpectedOutput {
    /// Returns the output. Returns `None` if its file does not exist or is unchanged.
    fn written(&self) -> Option<Output> {
        let mut output = self.output.clone();
        if let Some((path, before)) = &self.file {
            let now = fs::metadata(path).ok()?;
            // The content of a directory can change without changing the directory's metadata.
            let is_new = now.is_dir() || before.as_ref().is_none_or(|old| mark(old) != mark(&now));
            if !is_new {
                return None;
            }
            output.size = now.is_file().then_some(now.len());
        }
        Some(output)
    }
}

/// Returns the outputs of a step by its driver's spec.
fn expected_outputs(step: &Step, spec: &Spec, config: &Value, base: &Path) -> Vec<ExpectedOutput> {
    let config = with_defaults(config, spec);
    let is_write_step = step.mode == Mode::Write;
    let output = Output {
        step: step.id.clone(),
        connection: config.get(CONNECTION_KEY).and_then(Value::as_str).map(str::to_owned),
        mode: if is_write_step { mode(spec, &config) } else { None },
        ..Output::default()
    };
    let file = |path: &str| {
        let absolute = base.join(path);
        let before = fs::metadata(&absolute).ok();
        ExpectedOutput {
            output: Output { path: Some(path.to_owned()), ..output.clone() },
            is_write_step,
            file: Some((absolute, before)),
        }
    };
    let mut outputs: Vec<_> = configured_paths(&config, &spec.files.write).map(file).collect();
    if outputs.is_empty() && is_write_step {
        let identity = spec.destination.iter().flat_map(|destination| &destination.identity);
        let names: Vec<String> = identity
            .filter_map(|pointer| config.pointer(pointer))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let table = (!names.is_empty()).then(|| names.join("."));
        outputs.push(ExpectedOutput {
            output: Output { table, ..output },
            is_write_step,
            file: None,
        });
    }
    outputs
}

/// Returns the treatment of earlier rows, or `None` if the driver's spec does not tell.
fn mode(spec: &Spec, config: &Value) -> Option<String> {
    let replaces = &spec.destination.as_ref()?.replaces;
    let value = config.pointer(&replaces.pointer).and_then(Value::as_str);
    let word = match replaces.holds(config) {
        true => "replace",
        false => "append",
    };
    Some(value.unwrap_or(word).to_owned())
}

/// Returns the state of a step. Returns `None` if the step has none or it cannot be read, which
/// fails the step itself.
fn state(store: &StateStore, step: &str) -> Option<Value> {
    let text = store.load(step).ok()??;
    if text.len() > MAX_SHOWN_STATE {
        return Some(format!("a state of {}", format_bytes(text.len() as u64)).into());
    }
    Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Returns metadata that every write changes.
#[cfg(unix)]
fn mark(file: &Metadata) -> impl PartialEq {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino(), file.ctime(), file.ctime_nsec())
}

#[cfg(not(unix))]
fn mark(file: &Metadata) -> impl PartialEq {
    (file.len(), file.modified().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(dir: &Path, name: &str) -> ExpectedOutput {
        let path = dir.join(name);
        let before = fs::metadata(&path).ok();
        let output = Output { path: Some(name.to_owned()), ..Output::default() };
        ExpectedOutput { output, is_write_step: true, file: Some((path, before)) }
    }

    #[test]
    fn only_files_that_changed_are_outputs() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        fs::create_dir(dir.join("parts")).unwrap();
        fs::write(dir.join("kept.csv"), "").unwrap();
        fs::write(dir.join("old.csv"), "").unwrap();
        let expected =
            ["new.csv", "kept.csv", "old.csv", "none.csv", "parts"].map(|name| file(dir, name));
        for name in ["new.csv", "old.csv.tmp"] {
            fs::write(dir.join(name), [0; 2048]).unwrap();
        }
        fs::rename(dir.join("old.csv.tmp"), dir.join("old.csv")).unwrap();
        let written: Vec<_> = expected.iter().filter_map(ExpectedOutput::written).collect();
        let written: Vec<_> =
            written.iter().map(|output| (output.path.as_deref().unwrap(), output.size)).collect();
        assert_eq!(written, [("new.csv", Some(2048)), ("old.csv", Some(2048)), ("parts", None)]);
    }

    #[test]
    fn table_and_mode_come_from_the_spec() {
        let spec = |replaces: Value| -> Spec {
            serde_json::from_value(json!({
                "name": "shop.writer", "version": "1.0.0", "modes": ["write"],
                "configSchema": {"properties": {"mode": {"default": "append"}}},
                "connectionFields": [{"name": "host"}],
                "destination": {"identity": ["/schema", "/table"], "replaces": replaces},
            }))
            .unwrap()
        };
        let step: Step = serde_json::from_value(json!({
            "id": "write", "mode": "write", "cfg_path": "cfg/write.json", "cfg_sha256": "",
            "needs": [],
            "driver": {"name": "a.b", "version": "1.0.0", "sha256": "", "spec_sha256": ""},
        }))
        .unwrap();
        let config = json!({"connection": "@shop.main", "table": "orders", "schema": "eu"});
        let by_mode = spec(json!({"pointer": "/mode", "values": ["replace"]}));
        let outputs = expected_outputs(&step, &by_mode, &config, "/".as_ref());
        assert_eq!(
            outputs[0].output,
            Output {
                step: "write".to_owned(),
                connection: Some("@shop.main".to_owned()),
                table: Some("eu.orders".to_owned()),
                mode: Some("append".to_owned()),
                ..Output::default()
            }
        );
        for (append, word) in [(true, "append"), (false, "replace")] {
            let by_flag = spec(json!({"pointer": "/append", "values": [false]}));
            assert_eq!(mode(&by_flag, &json!({"append": append})).as_deref(), Some(word));
        }
    }
}
