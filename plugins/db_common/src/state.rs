//! The state that is saved between incremental runs.

use osiris_sdk::{Context, Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Incremental, OtherSource};

/// The last value that a run read. `S` says which rows it read.
#[derive(Debug, Serialize, Deserialize)]
pub struct State<S> {
    /// The column whose values grow.
    pub cursor: String,
    /// Its last value, as text that says it exactly.
    pub value: String,
    /// The source of the rows. States of older versions lack it.
    pub source: Option<S>,
}

/// The reason why a saved state does not fit a run.
#[derive(Debug)]
pub enum StateMismatch<S> {
    /// It is not one of the driver.
    Unreadable(serde_json::Error),
    /// It is about another column, which is named here.
    OtherCursor(String),
    /// It is about other rows.
    OtherSource {
        /// The source of those rows.
        saved: S,
        /// The last value.
        value: String,
    },
}

impl<S: PartialEq + Serialize + DeserializeOwned> State<S> {
    /// Returns the value at which the last run ended, or `None` in the first run. Converts a
    /// mismatch with `explain`.
    ///
    /// # Errors
    /// Returns an error if the saved state does not fit the options or the source of this run.
    pub fn load<O>(
        ctx: &Context,
        incremental: &Incremental<O>,
        source: &S,
        explain: impl FnOnce(StateMismatch<S>) -> Error,
    ) -> Result<Option<String>> {
        let Some(json) = ctx.load_state() else { return Ok(None) };
        Self::check(&json, incremental, source).map(Some).map_err(explain)
    }

    fn check<O>(
        json: &str,
        incremental: &Incremental<O>,
        source: &S,
    ) -> Result<String, StateMismatch<S>> {
        let state: Self = serde_json::from_str(json).map_err(StateMismatch::Unreadable)?;
        if state.cursor != incremental.cursor {
            return Err(StateMismatch::OtherCursor(state.cursor));
        }
        match state.source {
            Some(saved) if saved != *source && incremental.other_source == OtherSource::Error => {
                Err(StateMismatch::OtherSource { saved, value: state.value })
            }
            _ => Ok(state.value),
        }
    }

    /// Saves the value at which this run ends.
    ///
    /// # Errors
    /// Returns an error if the host cannot save the state.
    pub fn save(&self, ctx: &Context) -> Result<()> {
        let json = serde_json::to_string(self)
            .map_err(|error| Error::internal(format!("the state is no JSON: {error}")))?;
        ctx.save_state(&json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, other_source: OtherSource) -> Result<String, StateMismatch<String>> {
        let cursor = "id".to_owned();
        let incremental = Incremental {
            cursor,
            start: None,
            inclusive: false,
            overlap: None::<()>,
            other_source,
        };
        State::check(json, &incremental, &"orders".to_owned())
    }

    #[test]
    fn state_of_same_source_continues() {
        for json in [
            r#"{"cursor": "id", "value": "7", "source": "orders"}"#,
            r#"{"cursor": "id", "value": "7"}"#,
        ] {
            assert_eq!(check(json, OtherSource::Error).expect("a value"), "7");
        }
    }

    #[test]
    fn state_of_other_run_is_mismatch() {
        use StateMismatch as M;
        assert!(matches!(check("[]", OtherSource::Error), Err(M::Unreadable(_))));
        let json = r#"{"cursor": "at", "value": "7", "source": "orders"}"#;
        assert!(matches!(check(json, OtherSource::Continue), Err(M::OtherCursor(_))));
        let json = r#"{"cursor": "id", "value": "7", "source": "invoices"}"#;
        assert!(matches!(check(json, OtherSource::Error), Err(M::OtherSource { .. })));
        assert_eq!(check(json, OtherSource::Continue).expect("a value"), "7");
    }
}
