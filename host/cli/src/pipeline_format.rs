//! `osiris help pipeline`: the format of pipelines.

use serde_json::json;

use super::shell::CommandOutput;

/// The format of pipelines
#[derive(Debug, clap::Args)]
#[command(
    long_about = TEXT,
    after_long_help = "Examples:\n  osiris help pipeline",
    help_template = "{about-with-newline}"
)]
pub(super) struct Args {}

pub(super) fn pipeline_format(_: &Args) -> CommandOutput {
    CommandOutput::new(json!({"help": TEXT}), TEXT)
}

const TEXT: &str = r#"A pipeline is a YAML file, by convention in pipelines/. This one uses every key:

  oml_version: "0.1.0"              # version of the format
  name: orders-to-csv               # lower case with hyphens
  description: Exports the orders of a day.
  metadata: {owner: data-team}      # your own data

  params:                           # default values
    day: 2026-01-31
    rows: {type: integer, default: 1000, description: Maximum rows.}

  profiles:                         # selected with --profile
    prod:
      params: {rows: 1000000}
      connections: {"@mysql.main": "@mysql.prod"}

  steps:
    - id: read-orders
      component: mysql.extractor    # the driver
      mode: read
      config:                       # the driver's options
        connection: "@mysql.main"
        table: orders
        limit: ${params.rows}

    - id: write-orders
      component: filesystem.csv_writer
      mode: write
      needs: [read-orders]
      config:
        path: output/orders-${params.day}.csv

Required are oml_version, name and steps, and the id, component and mode of a step.

Steps
  mode: read       makes a table from a source (`extract` means the same)
  mode: transform  makes a table from the tables of other steps
  mode: write      writes the table of another step (`load` means the same)
  needs            steps whose tables this step takes, or that must end first. By default
                   the step above it; [] for none.
  component        `osiris drivers list` shows the drivers, `osiris drivers show NAME`
                   their options.
  connection       a connection in osiris_connections.yaml, as @family.alias. Secrets and
                   environment variables belong there: see `osiris help connections`.

Parameters
  ${params.NAME} in a config is replaced by --param NAME=VALUE, otherwise by the variable
  OSIRIS_PARAM_NAME, the value of the profile, or the default. Types are string, integer,
  number, boolean and list.

Paths are relative to the project directory.

  osiris validate NAME    check a pipeline
  osiris run NAME         run it"#;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use osiris_core::yaml::{self, Diagnostics};
    use osiris_pipeline::project::pipeline::Pipeline;

    use super::*;

    #[test]
    fn example_is_a_valid_pipeline() {
        let lines = TEXT.lines().skip_while(|line| !line.starts_with("  oml_version"));
        let lines = lines.take_while(|line| line.is_empty() || line.starts_with("  "));
        let text: Vec<&str> = lines.map(|line| line.get(2..).unwrap_or_default()).collect();
        let file = Path::new("p.yaml");
        let root = yaml::parse(text.join("\n").as_bytes(), file).unwrap();
        let (mut problems, mut warnings) = (Diagnostics::new(file), Diagnostics::new(file));
        let pipeline = Pipeline::read(root, &mut problems, &mut warnings).unwrap();
        assert!(problems.into_sorted().is_empty() && warnings.into_sorted().is_empty());
        assert_eq!((pipeline.steps.len(), pipeline.profiles.len()), (2, 1));
    }

    #[test]
    fn text_fits_a_terminal() {
        assert!(TEXT.lines().count() <= 62 && TEXT.lines().all(|line| line.len() <= 90));
    }
}
