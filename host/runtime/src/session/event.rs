//! Lines of `events.jsonl`.

use osiris_core::sanitize::json_line;
use serde::Serialize;
use serde_json::{Map, Value};

/// Fields that every line has, written first.
const OWN: [&str; 3] = ["ts", "session_id", "event_type"];

#[derive(Serialize)]
struct Line<'a> {
    ts: &'a str,
    session_id: &'a str,
    event_type: &'a str,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

/// Returns one line, without the newline.
pub(super) fn line(
    ts: &str,
    session_id: &str,
    event_type: &str,
    mut fields: Map<String, Value>,
) -> String {
    for own in OWN {
        if let Some(value) = fields.remove(own) {
            let mut name = format!("{own}_");
            while fields.contains_key(&name) {
                name.push('_');
            }
            fields.insert(name, value);
        }
    }
    json_line(&Line { ts, session_id, event_type, fields })
}

/// Returns the fields of an event given as a JSON object.
pub fn fields(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
