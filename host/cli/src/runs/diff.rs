//! `osiris runs diff`.

use std::path::Path;

use osiris_core::diagnostic::{ExitStatus, Result};
use osiris_core::sanitize::escape_control;
use osiris_runtime::session::history;
use osiris_runtime::session::history::diff::{self as compare, Diff, Difference};
use serde_json::json;

use super::super::complete;
use super::super::render::{BOLD, ERROR, SUCCESS, paint};
use super::super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris runs diff 9f3a61c0 20260131T081702456Z
  osiris runs diff last logs/run_20260131T080509123Z-9f3a61c0 --json

Exit codes: 0 the runs are equal, 1 the runs differ.";

/// Compare two runs, except for times, ids and directories
///
/// Compares the status, the events and metrics of each step, and the bytes of all artifacts. Steps
/// run concurrently, so the order of lines is ignored.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Run id or its beginning, session directory, or `last`
    #[arg(value_name = "LEFT", add = complete::runs())]
    left: String,
    /// Run to compare with
    #[arg(value_name = "RIGHT", add = complete::runs())]
    right: String,
}

pub(super) fn diff(args: &Args, logs: &Path) -> Result<CommandOutput> {
    let (left, right) = (history::find(logs, &args.left)?, history::find(logs, &args.right)?);
    let diff = compare::diff(&left, &right)?;
    let mut answer = CommandOutput::new(json!(diff), text(&diff));
    if !diff.same {
        answer.exit = ExitStatus::Failed as u8;
        answer.json["status"] = "error".into();
    }
    Ok(answer)
}

fn text(diff: &Diff) -> String {
    if diff.same {
        let compared: Vec<_> =
            diff.compared.iter().map(|(area, count)| format!("{area} ({count})")).collect();
        return format!("{} the runs are equal: {}", paint(SUCCESS, "✓"), compared.join(", "));
    }
    let mut text = String::new();
    for Difference { area, item, left, right } in &diff.differences {
        text.push_str(&format!("{} {}\n", paint(BOLD, area), escape_control(item)));
        for (style, sign, side) in [(ERROR, "-", left), (SUCCESS, "+", right)] {
            if let Some(side) = side {
                text.push_str(&format!(
                    "  {}\n",
                    paint(style, &format!("{sign} {}", escape_control(side)))
                ));
            }
        }
    }
    text.push_str(&format!(
        "{} {} {} (- {}, + {})",
        paint(ERROR, "✗"),
        diff.differences.len(),
        if diff.differences.len() == 1 { "difference" } else { "differences" },
        escape_control(&diff.left),
        escape_control(&diff.right),
    ));
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn rendered(differences: Vec<Difference>) -> String {
        let (left, right) = ("20260131T1".to_owned(), "20260131T2".to_owned());
        let compared = BTreeMap::from([("events", 7), ("metrics", 5)]);
        let same = differences.is_empty();
        let text = text(&Diff { left, right, same, compared, differences });
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn both_sides_of_a_difference_are_shown() {
        let difference = Difference {
            area: "metrics",
            item: "step `read`: rows_read".to_owned(),
            left: Some("7".to_owned()),
            right: Some("8\x07".to_owned()),
        };
        assert_eq!(
            rendered(vec![difference]),
            "metrics step `read`: rows_read\n  - 7\n  + 8\\u{7}\n\
             ✗ 1 difference (- 20260131T1, + 20260131T2)"
        );
        assert_eq!(rendered(Vec::new()), "✓ the runs are equal: events (7), metrics (5)");
    }
}
