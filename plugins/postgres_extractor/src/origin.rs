//! The source of the rows, which is saved with the last value between runs.

use std::fmt;

use db_common::{State, StateMismatch};
use osiris_sdk::{Context, Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::{Config, Incremental};
use crate::source::Source;

/// A table or a query of a server.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    server: String,
    database: String,
    /// The table with its schema, or the SHA-256 of the query.
    rows: String,
}

/// Returns the value at which the last run ended, if its state fits this run.
pub(crate) fn saved(
    ctx: &Context,
    incremental: &Incremental,
    origin: &Origin,
) -> Result<Option<String>> {
    let cursor = &incremental.cursor;
    let anew = "delete the saved state of the step, `.osiris/state/<pipeline>/<step>.json`, to begin \
                anew";
    State::load(ctx, incremental, origin, |mismatch| match mismatch {
        StateMismatch::Unreadable(error) => {
            Error::data(format!("the saved state is not one of this driver: {error}; delete it"))
        }
        StateMismatch::OtherCursor(saved) => Error::config(format!(
            "incremental.cursor: the last run counted by {saved:?}, not by {cursor:?}; {anew}"
        )),
        StateMismatch::OtherSource { saved, value } => Error::config(format!(
            "incremental: the last run read {saved}, and this one reads {origin}, whose rows the \
             saved state says nothing about; {anew}, or set `other_source: continue` in \
             `incremental` to go on from {value:?}"
        )),
    })
}

impl Origin {
    pub(crate) fn new(config: &Config, source: &Source) -> Self {
        let connection = &config.resolved_connection;
        let rows = match &source.table {
            Some(table) => format!("table {table}"),
            None => {
                let query = config.query.as_deref().unwrap_or_default();
                let digest = Sha256::digest(query.trim());
                let hex = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
                format!("query {hex}")
            }
        };
        Self { server: connection.address(), database: connection.database.clone(), rows }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, database, rows } = self;
        write!(f, "the {rows} of the database {database:?} at {server}")
    }
}
