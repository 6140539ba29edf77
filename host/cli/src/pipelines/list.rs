//! `osiris pipelines list`.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::contract;
use osiris_core::diagnostic::{Diagnostic, Result};
use osiris_core::sanitize::escape_control;
use osiris_core::yaml::{self, Diagnostics};
use osiris_pipeline::compile::Options;
use osiris_pipeline::project::pipeline::{Pipeline, Step};
use osiris_pipeline::project::pipeline_files::{self, PipelineFile};
use osiris_runtime::Workspace;
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, ERROR, Table, paint};
use super::super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris pipelines list
  osiris pipelines list --json | jq -r '.pipelines[] | select(.problems != []) | .name'";

/// List the pipelines in pipelines/
///
/// Pipelines that cannot run are marked; `osiris validate NAME` shows all of their problems.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

/// A pipeline in the list.
struct Listed {
    name: String,
    path: PathBuf,
    /// The content, if the file is YAML with a mapping.
    pipeline: Option<Pipeline>,
    problems: Vec<Diagnostic>,
}

pub(super) fn list(shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let options = Options::from_environment()?;
    let files = pipeline_files::list(&workspace.project)?;
    let pipelines: Vec<Listed> =
        files.into_iter().map(|file| Listed::read(file, &workspace, &options)).collect();
    let json = json!({"pipelines": pipelines.iter().map(Listed::json).collect::<Vec<_>>()});
    if pipelines.is_empty() {
        let text = "no pipelines in pipelines/: create one with `osiris pipelines new`";
        return Ok(CommandOutput::new(json, text));
    }
    let mut table = Table::new(["Pipeline", "#Steps", "Description"]);
    for one in &pipelines {
        let steps = one.pipeline.as_ref().map(|pipeline| pipeline.steps.len().to_string());
        let description = one.description().split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = anstyle::Style::new();
        let style = if one.problems.is_empty() { plain } else { ERROR };
        table.styled([
            (one.name.clone(), style),
            (steps.unwrap_or_default(), plain),
            (description, DIM),
        ]);
    }
    let mut text = table.render();
    for one in &pipelines {
        text.push_str(&one.problem_text());
    }
    Ok(CommandOutput::new(json, text))
}

impl Listed {
    fn read(file: PipelineFile, workspace: &Workspace, options: &Options) -> Self {
        let PipelineFile { name, path } = file;
        let pipeline = yaml::read(&path).ok().and_then(|root| {
            let (mut problems, mut warnings) = (Diagnostics::new(&path), Diagnostics::new(&path));
            Pipeline::read(root, &mut problems, &mut warnings)
        });
        let problems = match workspace.check(&path, options) {
            Ok(_) => Vec::new(),
            // A parameter without a default gets its value from the command that runs the pipeline.
            Err(error) => error
                .into_diagnostics()
                .into_iter()
                .filter(|problem| problem.code != Code::ParamUnset)
                .collect(),
        };
        Self { name, path, pipeline, problems }
    }

    fn description(&self) -> &str {
        let pipeline = self.pipeline.as_ref();
        pipeline.and_then(|pipeline| pipeline.description.as_deref()).unwrap_or_default()
    }

    /// Formats the first problem, and the command that shows all.
    fn problem_text(&self) -> String {
        let Some(first) = self.problems.first() else { return String::new() };
        let count = match self.problems.len() {
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        let name = escape_control(&self.name);
        format!(
            "{} {} has {count}: {}\n  {} show details with `osiris validate {name}`\n",
            paint(ERROR, "✗"),
            paint(BOLD, &name),
            escape_control(&first.message),
            paint(BOLD, "help:"),
        )
    }

    fn json(&self) -> Value {
        let text = |located: &Option<osiris_pipeline::project::pipeline::Located>| {
            located.as_ref().map(|located| located.text.clone())
        };
        let step = |step: &Step| {
            json!({
                "id": text(&step.id),
                "driver": text(&step.component),
                "mode": step.mode.map(|(_, mode)| contract::Mode::from(mode)),
            })
        };
        let pipeline = self.pipeline.as_ref();
        json!({
            "name": self.name,
            "file": self.path,
            "pipeline": pipeline.map(|pipeline| &pipeline.name),
            "description": pipeline.and_then(|pipeline| pipeline.description.as_ref()),
            "steps": pipeline
                .map(|pipeline| pipeline.steps.iter().map(step).collect::<Vec<_>>())
                .unwrap_or_default(),
            "problems": self.problems,
        })
    }
}
