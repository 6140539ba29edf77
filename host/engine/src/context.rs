//! Host side of the contract's `context` interface: services for a driver while a call runs.

use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::exact_bytes;
use osiris_core::telemetry::{Level, Number};
use serde_json::{Map, Value};
use wasmtime::Result;

use super::bindings::osiris::driver::context::{self, Host, MetricValue};
use super::bindings::osiris::driver::types;
use super::failure::{contract_violation, guest_error, sanitize_message};
use super::state::HostState;

/// Maximum length of the unit and tags of a metric, in bytes.
const MAX_METRIC: usize = 64 << 10;
/// Maximum length of an event, in bytes.
const MAX_EVENT: usize = 1 << 20;
/// Maximum nesting depth that a reader of JSON follows.
const MAX_DEPTH: usize = 128;
/// Maximum values in one event: each takes far more memory than its text can have bytes.
const MAX_VALUES: usize = 20_000;
/// Maximum length of the state that a step can save, in bytes.
pub const MAX_STATE: usize = 16 << 20;

impl Host for HostState {
    fn log(&mut self, level: context::Level, message: String) -> Result<()> {
        self.journal.log(level.into(), &message);
        Ok(())
    }

    fn metric(
        &mut self,
        name: String,
        value: MetricValue,
        unit: String,
        tags: Vec<(String, String)>,
    ) -> Result<()> {
        let value = match value {
            MetricValue::Integer(value) => Number::Integer(value),
            MetricValue::Float(value) => Number::Float(value),
        };
        let bytes: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        if unit.len() + bytes > MAX_METRIC {
            let max = exact_bytes(MAX_METRIC as u64);
            let bytes = unit.len() + bytes;
            let reason = format!("its unit and tags have {bytes} bytes; the maximum is {max}");
            self.journal.warn_dropped("metric", &reason);
            return Ok(());
        }
        if self.journal.admits_named("metric", &name, unit.len() + bytes) {
            self.journal.sink.metric(&name, value, &unit, tags);
        }
        Ok(())
    }

    fn event(&mut self, name: String, fields: String) -> Result<()> {
        // Checked before parsing: parsing a dropped event could take long and use much memory.
        let drop_event = |reason: &str| {
            self.journal.warn_dropped("event", reason);
            Ok(())
        };
        if fields.len() > MAX_EVENT {
            let (bytes, max) = (fields.len(), exact_bytes(MAX_EVENT as u64));
            return drop_event(&format!("its fields have {bytes} bytes; the maximum is {max}"));
        }
        let values = json_values(fields.as_bytes());
        if values > MAX_VALUES {
            return drop_event(&format!(
                "its fields have {values} values; the maximum is {MAX_VALUES}"
            ));
        }
        let no_object = |error: serde_json::Error| {
            contract_violation(format!(
                "the fields of event `{name}` are not a JSON object: {error}"
            ))
        };
        if !name.contains('.') {
            serde_json::from_str::<Map<String, Value>>(&fields).map_err(no_object)?;
            // The host's own events have no dot, so no driver can imitate them.
            let text =
                "the driver's event was dropped: its name must have the form `category.action`";
            self.journal.log(Level::Warn, text);
            return Ok(());
        }
        if !self.journal.admits_named("event", &name, fields.len()) {
            return Ok(());
        }
        let object: Map<String, Value> = serde_json::from_str(&fields).map_err(no_object)?;
        self.journal.sink.event(&name, object);
        Ok(())
    }

    fn progress(&mut self, done: u64, total: Option<u64>) -> Result<()> {
        self.clock.mark_done(done);
        self.journal.sink.progress(done, total);
        Ok(())
    }

    fn artifacts_dir(&mut self) -> Result<String> {
        Ok(self.artifacts.clone())
    }

    fn check_cancelled(&mut self) -> Result<Result<(), types::Error>> {
        Ok(if self.cancel.is_cancelled() { Err(self.cancelled_error()) } else { Ok(()) })
    }

    fn load_state(&mut self) -> Result<Option<String>> {
        Ok(self.saved_state.clone())
    }

    fn save_state(&mut self, state: String) -> Result<Result<(), types::Error>> {
        if let Some(reason) = unfit_state(&state) {
            return Ok(Err(guest_error(ErrorKind::Data, reason)));
        }
        let before = self.new_state.replace(state).map_or(0, |state| state.len());
        self.held.remove(before as u64);
        self.held.add(self.new_state.as_ref().map_or(0, String::len) as u64)?;
        Ok(Ok(()))
    }

    fn panicked(&mut self, message: String) -> Result<()> {
        self.panic = Some(sanitize_message(&message, self.journal.sink.redactor()));
        Ok(())
    }
}

/// Returns the reason if a text is not a valid state: it is too long or not JSON.
pub fn unfit_state(state: &str) -> Option<String> {
    if state.len() > MAX_STATE {
        let max = exact_bytes(MAX_STATE as u64);
        return Some(format!("the state has {} bytes; the maximum is {max}", state.len()));
    }
    let parsed = serde_json::from_str::<serde::de::IgnoredAny>(state);
    parsed.err().map(|error| format!("the state is not valid JSON: {error}"))
}

/// Returns an upper bound on the number of values in a JSON text. Stops at the nesting depth beyond
/// which the text cannot be parsed.
pub fn json_values(json: &[u8]) -> usize {
    let (mut count, mut depth, mut in_text, mut escaped) = (1, 0_usize, false, false);
    for &byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b',' => count += 1,
            b'[' | b'{' => (count, depth) = (count + 1, depth + 1),
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            break;
        }
    }
    count
}

impl From<context::Level> for Level {
    fn from(level: context::Level) -> Self {
        match level {
            context::Level::Trace => Self::Trace,
            context::Level::Debug => Self::Debug,
            context::Level::Info => Self::Info,
            context::Level::Warn => Self::Warn,
            context::Level::Error => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_values_are_counted_without_parsing() {
        for (json, count) in [
            ("{}", 2),
            (r#"{"a": [1, 2], "b": "x,y[{\",z"}"#, 5),
            ("[0,0,0]", 4),
            ("no json", 1),
            (r#""\"#, 1),
        ] {
            let values = json_values(json.as_bytes());
            assert!(values >= count && values <= count + 1, "{json}: {values}");
        }
        assert_eq!(json_values("[".repeat(1 << 20).as_bytes()), MAX_DEPTH + 2);
    }
}
