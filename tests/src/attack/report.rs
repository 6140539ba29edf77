//! The results of an attack, as a text for comparison.

use std::path::Path;

use serde_json::Value;

use super::pipeline;
use crate::session::Session;
use crate::{Finished, TestProject, project, snapshot};

/// Maximum number of lines per section.
const LINES: usize = 8;
/// Maximum number of characters per line.
const WIDTH: usize = 400;

/// Returns everything that a user can see of the attack.
pub(super) fn of(finished: &Finished, session: &Session, project: &TestProject) -> String {
    let status = &session.status;
    let mut text = format!("--- stdout\n{}--- stderr\n{}", finished.stdout, finished.stderr);
    text.push_str(&format!("--- status\n{}: {:#}\n", status["status"], status["error"]));
    for step in status["steps"].as_array().into_iter().flatten() {
        let field = |name: &str| plain(&step[name]);
        let before = ["bystander", "bystander-sink", "attack"];
        if !before.iter().any(|id| step["id"] == *id) && status["status"] != "success" {
            // The progress of a reader before it was stopped depends on timing.
            continue;
        }
        text.push_str(&format!(
            "{}: {}, {} rows in, {} rows out\n",
            field("id"),
            field("status"),
            field("rows_in"),
            field("rows_out")
        ));
    }
    let log = session.log.lines().filter(|line| line.contains("[attack]"));
    text.push_str(&section("log of the attacker", log.map(String::from), project));
    let of_attack = |line: &&Value| line["step_id"] == "attack" || line["tags"]["step"] == "attack";
    let events = session.events.iter().filter(of_attack).map(Value::to_string);
    text.push_str(&section("events of the attacker", events, project));
    let metrics = session.metrics.iter().filter(of_attack);
    let metrics = metrics.filter(|line| line["metric"] != "step_duration_ms");
    text.push_str(&section("metrics of the attacker", metrics.map(Value::to_string), project));
    let text = text.replace(&format!(":{}", pipeline::port()), ":[PORT]");
    snapshot::normalise(&text, project)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

fn section(name: &str, lines: impl Iterator<Item = String>, project: &TestProject) -> String {
    let lines: Vec<_> = lines.collect();
    let mut text = format!("--- {name}: {} lines\n", lines.len());
    let hidden = lines.len().saturating_sub(LINES);
    let shown = lines.iter().take(LINES / 2).chain(lines.iter().skip(LINES / 2 + hidden));
    for (at, line) in shown.enumerate() {
        if hidden > 0 && at == LINES / 2 {
            text.push_str(&format!("({hidden} more)\n"));
        }
        // Normalise before cutting, since durations vary in length.
        let line = snapshot::normalise(line, project);
        let cut: String = line.chars().take(WIDTH).collect();
        let rest = line.chars().count().saturating_sub(WIDTH);
        text.push_str(&cut);
        text.push_str(&if rest > 0 { format!(" (and {rest} characters)\n") } else { "\n".into() });
    }
    text
}

/// Returns the total size of all files below a directory, in bytes.
pub(super) fn size(folder: &Path) -> u64 {
    let mut size = 0;
    project::walk(folder, &mut |path| {
        size += path.symlink_metadata().map(|meta| meta.len()).unwrap_or(0);
    });
    size
}
