//! The state that is saved between runs.

use std::fmt;

use osiris_sdk::{Context, Error, Result};
use serde::{Deserialize, Serialize};

use crate::config::{Config, OtherSource};

/// The last value that a run read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) cursor: String,
    /// The last value, as text that says it exactly.
    pub(crate) value: String,
    /// The source of the rows. States of older versions do not say it.
    #[serde(default)]
    source: Option<Source>,
}

/// A table or a query of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    server: String,
    database: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// A hash of the query, whose line breaks and indents do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
}

impl State {
    /// Reads the state that the last run saved, if it fits this one.
    pub(crate) fn load(ctx: &Context, config: &Config, cursor: &str) -> Result<Option<Self>> {
        let Some(json) = ctx.load_state() else { return Ok(None) };
        let state: Self = serde_json::from_str(&json)
            .map_err(|error| Error::config(format!("the saved state cannot be read: {error}")))?;
        if state.cursor != cursor {
            return Err(Error::config(format!(
                "the saved state says how far the cursor {:?} came, and incremental.cursor is \
                 {cursor:?}; remove the state of this step to begin anew",
                state.cursor
            )));
        }
        let source = Source::new(config);
        let goes_on = config
            .incremental
            .as_ref()
            .is_some_and(|incremental| incremental.other_source == OtherSource::Continue);
        match &state.source {
            Some(saved) if *saved != source && !goes_on => Err(Error::config(format!(
                "the saved state says how far {saved} was read, and this step reads {source}; \
                 remove the state of this step to begin anew, or set `other_source: continue` in \
                 `incremental` to go on from {:?}",
                state.value
            ))),
            _ => Ok(Some(state)),
        }
    }

    /// Saves how far this run came.
    pub(crate) fn save(ctx: &Context, config: &Config, cursor: &str, value: String) -> Result<()> {
        let state = Self { cursor: cursor.to_owned(), value, source: Some(Source::new(config)) };
        let json = serde_json::to_string(&state)
            .map_err(|error| Error::internal(format!("the state is no JSON: {error}")))?;
        ctx.save_state(&json)
    }
}

impl Source {
    fn new(config: &Config) -> Self {
        let connection = &config.resolved_connection;
        Self {
            server: connection.address().to_lowercase(),
            database: connection.database.clone(),
            table: config.table.clone(),
            query: config.query.as_deref().map(hash),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.table, &self.query) {
            (Some(table), _) => write!(f, "table {table:?}")?,
            (None, Some(query)) => write!(f, "a query (hash {query})")?,
            (None, None) => write!(f, "a query")?,
        }
        write!(f, " of {}/{}", self.server, self.database)
    }
}

/// FNV-1a, which stays the same in every version.
fn hash(query: &str) -> String {
    let words = query.trim_end().trim_end_matches(';').split_whitespace();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for byte in words.flat_map(|word| word.bytes().chain([b' '])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_hash_ignores_whitespace_and_is_stable() {
        assert_eq!(hash("SELECT 1"), hash("SELECT\n  1;\n"));
        assert_ne!(hash("SELECT 1"), hash("SELECT 2"));
        // States that are saved hold it.
        assert_eq!(hash("SELECT 1"), "72d12ae7c77fb0d6");
    }
}
