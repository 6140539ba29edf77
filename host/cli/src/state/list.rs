//! `osiris state list`.

use jiff::Timestamp;
use osiris_core::diagnostic::Result;
use osiris_core::fs::layout::ProjectLayout;
use osiris_runtime::session::stamp;
use serde_json::json;

use super::super::effects::fields;
use super::super::render::{DIM, Table, time_ago};
use super::super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris state list
  osiris state list --json | jq '.states[].state.value'";

/// List the states of incremental steps
///
/// A state is the place up to which a step has read. It is saved when the rows up to there have
/// arrived, and the next run continues from it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {}

pub(super) fn list(_: &Args, layout: &ProjectLayout) -> Result<CommandOutput> {
    let now = Timestamp::now();
    let mut table = Table::new(["Pipeline", "Step", "State", "Updated"]);
    let mut states = Vec::new();
    for saved in super::saved(layout)? {
        let state = super::content(layout, &saved)?;
        states.push(super::as_json(&saved, &state));
        let plain = anstyle::Style::new();
        let updated = saved.updated_at.map(|time| time_ago(&stamp(time), now));
        table.styled([
            (saved.pipeline, plain),
            (saved.step, plain),
            (fields(&state), plain),
            (updated.unwrap_or_default(), DIM),
        ]);
    }
    let text = match states.is_empty() {
        true => "no states yet: a step saves one if its configuration has `incremental`".to_owned(),
        false => table.render(),
    };
    Ok(CommandOutput::new(json!({"states": states}), text))
}
