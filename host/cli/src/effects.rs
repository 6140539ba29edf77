//! Text about the effects of a run: the outputs of its steps, the states that they keep, and what
//! their drivers note.

use std::path::Path;

use osiris_core::sanitize::escape_control;
use osiris_runtime::session::{Output, StateChange, StatusFile};
use serde_json::Value;

use super::render::{DIM, count, cut, format_bytes, paint};
use super::shell::display_path;

/// Maximum characters of a value of a state.
const LONGEST_VALUE: usize = 40;

/// Maximum characters of a note.
const LONGEST_NOTE: usize = 160;

/// Returns lines about the outputs, states and notes of a run, each with its label. `base` is the
/// project directory.
pub(super) fn lines(status: &StatusFile, base: &Path) -> Vec<(&'static str, String)> {
    let outputs = status.outputs.iter().map(|output| ("Output", output_text(output, base)));
    let states = status.steps.iter().filter_map(|step| {
        let change = state_text(step.state.as_ref()?);
        Some(("State", format!("{}  {}", escape_control(&step.id), escape_control(&change))))
    });
    let notes = status.steps.iter().flat_map(|step| {
        let line = |note: &String| {
            format!("{}  {}", escape_control(&step.id), escape_control(&cut(note, LONGEST_NOTE)))
        };
        step.notes.iter().map(move |note| ("Note", line(note)))
    });
    outputs.chain(states).chain(notes).collect()
}

/// Formats an output like `@mysql.main/orders  1,000 rows  append`.
fn output_text(output: &Output, base: &Path) -> String {
    let Output { step, path, size, connection, table, mode, rows } = output;
    let place = match (path, connection, table) {
        (Some(path), ..) => display_path(&base.join(path)),
        (None, Some(connection), Some(table)) => format!("{connection}/{table}"),
        (None, Some(only), None) | (None, None, Some(only)) => only.clone(),
        (None, None, None) => format!("step `{step}`"),
    };
    let facts = [
        rows.map(|rows| format!("{} {}", count(rows), if rows == 1 { "row" } else { "rows" })),
        size.map(format_bytes),
        mode.clone(),
    ];
    let mut text = escape_control(&place).into_owned();
    for fact in facts.into_iter().flatten() {
        text.push_str(&paint(DIM, &format!("  {}", escape_control(&fact))));
    }
    text
}

/// Formats the change of a state like `value 7 → 9`.
fn state_text(change: &StateChange) -> String {
    let StateChange { before, after } = change;
    match (before, after) {
        (Some(before), Some(after)) if before == after => format!("unchanged: {}", fields(after)),
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
            let texts: Vec<String> = changed
                .map(|(name, value)| {
                    let old = before.get(name).map_or_else(|| "none".to_owned(), scalar);
                    format!("{name} {old} → {}", scalar(value))
                })
                .collect();
            texts.join(", ")
        }
        (Some(before), Some(after)) => format!("{} → {}", scalar(before), scalar(after)),
        (None, Some(after)) => format!("new: {}", fields(after)),
        (Some(before), None) => format!("removed: {}", fields(before)),
        (None, None) => String::new(),
    }
}

/// Formats the simple fields of a state, like `cursor id, value 9`.
pub(super) fn fields(state: &Value) -> String {
    let Value::Object(fields) = state else { return scalar(state) };
    let is_simple = |value: &Value| !value.is_object() && !value.is_array();
    let simple = fields.iter().filter(|(_, value)| is_simple(value));
    let texts: Vec<String> =
        simple.map(|(name, value)| format!("{name} {}", scalar(value))).collect();
    if texts.is_empty() { scalar(state) } else { texts.join(", ") }
}

fn scalar(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    cut(&text, LONGEST_VALUE).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn output_names_place_rows_and_mode() {
        let output = |path: Option<&str>, connection: Option<&str>, table: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let output = Output {
                step: "write".to_owned(),
                path: owned(path),
                size: path.map(|_| 2048),
                connection: owned(connection),
                table: owned(table),
                mode: Some("append".to_owned()),
                rows: Some(1000),
            };
            let text = output_text(&output, Path::new("/nowhere"));
            anstream::adapter::strip_str(&text).to_string()
        };
        assert_eq!(
            output(Some("out/a.csv"), None, None),
            "/nowhere/out/a.csv  1,000 rows  2.00 KiB  append"
        );
        assert_eq!(
            output(None, Some("@mysql.main"), Some("t\x07")),
            "@mysql.main/t\\u{7}  1,000 rows  append"
        );
        assert_eq!(output(None, None, None), "step `write`  1,000 rows  append");
    }

    #[test]
    fn state_shows_its_change() {
        let state = |value: u64| Some(json!({"cursor": "id", "value": value}));
        for (before, after, text) in [
            (state(7), state(9), "value 7 → 9"),
            (None, state(9), "new: cursor id, value 9"),
            (None, Some(json!({"value": 9, "source": {}})), "new: value 9"),
            (state(9), state(9), "unchanged: cursor id, value 9"),
            (state(9), None, "removed: cursor id, value 9"),
            (Some(json!("a")), Some(json!("b")), "a → b"),
        ] {
            assert_eq!(state_text(&StateChange { before, after }), text);
        }
    }
}
