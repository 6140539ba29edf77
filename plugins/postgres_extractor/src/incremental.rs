//! Reads what is new since the last run.

use bytes::BytesMut;
use osiris_sdk::{Context, Error, Result};
use postgres_common::{Session, identifier, literal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::config::Incremental;
use crate::describe::Column;
use crate::source::Source;

/// How far a run came.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// The column.
    cursor: String,
    /// Its last value, as the server writes it.
    value: String,
}

/// Where a run begins, and its cursor.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// The cursor's place among the columns.
    pub(crate) column: usize,
    name: String,
    beyond: Option<String>,
}

impl Cursor {
    /// Restricts the source to what is new.
    pub(crate) fn new(
        ctx: &Context,
        config: &Incremental,
        columns: &[Column],
        source: &mut Source,
    ) -> Result<Self> {
        let name = config.cursor.clone();
        let column = columns.iter().position(|column| column.name == name).ok_or_else(|| {
            Error::config(format!(
                "incremental.cursor: {name:?} is not among the columns that are read; add it"
            ))
        })?;
        let beyond = match saved(ctx, &name)? {
            Some(value) => Some(value),
            None => config.start.as_ref().map(|start| match start {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
        };
        let quoted = identifier(&name);
        source.only(match &beyond {
            Some(value) => {
                let native = &columns[column].native;
                let native =
                    format!("{}.{}", identifier(native.schema()), identifier(native.name()));
                format!("{quoted} > {}::{native}", literal(value))
            }
            None => format!("{quoted} IS NOT NULL"),
        });
        source.sorted_by(&name);
        Ok(Self { column, name, beyond })
    }

    /// Saves how far the run came. `last` is the cursor of the last row as the
    /// server sent it.
    pub(crate) fn save(
        self,
        ctx: &Context,
        session: &Session,
        column: &Column,
        last: Option<&[u8]>,
    ) -> Result<()> {
        let value = match last {
            // The server itself says how it writes the value, so nothing is lost.
            Some(bytes) => {
                let client = &session.client;
                let statement =
                    session.wait(client.prepare_typed("SELECT ($1)::text", &[column.sent_as()]))?;
                let row = session.wait(client.query_one(&statement, &[&Raw(bytes)]))?;
                Some(row.try_get(0).map_err(|error| session.explain(&error))?)
            }
            None => self.beyond,
        };
        let Some(value) = value else { return Ok(()) };
        let state = State { cursor: self.name, value };
        let json =
            serde_json::to_string(&state).map_err(|error| Error::internal(error.to_string()))?;
        ctx.save_state(&json)
    }
}

fn saved(ctx: &Context, cursor: &str) -> Result<Option<String>> {
    let Some(json) = ctx.load_state() else { return Ok(None) };
    let state: State = serde_json::from_str(&json).map_err(|error| {
        Error::data(format!("the saved state is not one of this driver: {error}; reset it"))
    })?;
    if state.cursor != cursor {
        return Err(Error::config(format!(
            "incremental.cursor: the last run counted by {:?}, not by {cursor:?}; reset the state \
             of the step to begin anew",
            state.cursor
        )));
    }
    Ok(Some(state.value))
}

/// A value in the server's own binary form.
#[derive(Debug)]
struct Raw<'a>(&'a [u8]);

impl ToSql for Raw<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}
