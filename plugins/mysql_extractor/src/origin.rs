//! The source of the rows, which is saved with the last value between runs.

use std::fmt;

use db_common::{State, StateMismatch};
use osiris_sdk::{Context, Error, Result};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Incremental};

/// A table or a query of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    server: String,
    database: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<String>,
    /// A hash of the query, whose line breaks and indents do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<String>,
}

/// Returns the value at which the last run ended, if its state fits this run.
pub(crate) fn saved(
    ctx: &Context,
    incremental: &Incremental,
    origin: &Origin,
) -> Result<Option<String>> {
    let cursor = &incremental.cursor;
    State::load(ctx, incremental, origin, |mismatch| {
        Error::config(match mismatch {
            StateMismatch::Unreadable(error) => format!("the saved state cannot be read: {error}"),
            StateMismatch::OtherCursor(saved) => format!(
                "the saved state says how far the cursor {saved:?} came, and incremental.cursor is \
                 {cursor:?}; remove the state of this step to begin anew"
            ),
            StateMismatch::OtherSource { saved, value } => format!(
                "the saved state says how far {saved} was read, and this step reads {origin}; \
                 remove the state of this step to begin anew, or set `other_source: continue` in \
                 `incremental` to go on from {value:?}"
            ),
        })
    })
}

impl Origin {
    pub(crate) fn new(config: &Config) -> Self {
        let connection = &config.resolved_connection;
        Self {
            server: connection.address().to_lowercase(),
            database: connection.database.clone(),
            table: config.table.clone(),
            query: config.query.as_deref().map(hash),
        }
    }
}

impl fmt::Display for Origin {
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
    fn hashes() {
        assert_eq!(hash("SELECT 1"), hash("SELECT\n  1;\n"));
        assert_ne!(hash("SELECT 1"), hash("SELECT 2"));
        // States that are saved hold it.
        assert_eq!(hash("SELECT 1"), "72d12ae7c77fb0d6");
    }
}
