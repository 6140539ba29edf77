//! `osiris runs diff`.

use std::path::Path;

use serde_json::json;

use super::super::render::{BAD, GOOD, STRONG, paint};
use super::super::shell::Answer;
use crate::problem::{Exit, Result};
use crate::session::read::diff::{self as compare, Diff, Difference};
use crate::session::{read, visible};

const EXAMPLES: &str = "\
Examples:
  osiris runs diff 20260131T080509123Z 20260131T081702456Z
  osiris runs diff last logs/run_20260131T080509123Z-9f3a61c0 --json

Exit codes: 0 they did the same, 1 they did not.";

/// Compare two runs: everything but times, ids and folders
///
/// Compares the status, the events and metrics of each step, and the bytes of all artifacts. Steps
/// run at the same time, so the order of lines does not count.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// A session's id, the beginning of it, its folder, or `last`
    #[arg(value_name = "LEFT")]
    left: String,
    /// Another one
    #[arg(value_name = "RIGHT")]
    right: String,
}

pub(super) fn diff(args: &Args, logs: &Path) -> Result<Answer> {
    let (left, right) = (read::find(logs, &args.left)?, read::find(logs, &args.right)?);
    let diff = compare::diff(&left, &right)?;
    let mut answer = Answer::new(json!(diff), text(&diff));
    if !diff.same {
        answer.exit = Exit::Failed as u8;
    }
    Ok(answer)
}

fn text(diff: &Diff) -> String {
    if diff.same {
        let compared: Vec<_> =
            diff.compared.iter().map(|(area, count)| format!("{area} ({count})")).collect();
        return format!("{} both runs did the same: {}", paint(GOOD, "✓"), compared.join(", "));
    }
    let mut text = String::new();
    for Difference { area, item, left, right } in &diff.differences {
        text.push_str(&format!("{} {}\n", paint(STRONG, area), visible(item)));
        for (style, sign, side) in [(BAD, "-", left), (GOOD, "+", right)] {
            if let Some(side) = side {
                text.push_str(&format!(
                    "  {}\n",
                    paint(style, &format!("{sign} {}", visible(side)))
                ));
            }
        }
    }
    text.push_str(&format!(
        "{} {} differences (- {}, + {})",
        paint(BAD, "✗"),
        diff.differences.len(),
        visible(&diff.left),
        visible(&diff.right),
    ));
    text
}
