//! Reads what is new since the last run.

use bytes::BytesMut;
use db_common::State;
use osiris_sdk::{Context, Error, Result};
use postgres_common::{Session, identifier, literal};
use serde_json::Value;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::config::{Config, Incremental};
use crate::describe::Column;
use crate::origin::{Origin, saved};
use crate::source::Source;

/// The cursor of a run, and the value at which the run begins.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// The cursor's place among the columns.
    pub(crate) column: usize,
    name: String,
    origin: Origin,
    beyond: Option<String>,
    /// Whether rows of the last run come again.
    overlaps: bool,
}

impl Cursor {
    /// Restricts the source to what is new.
    pub(crate) fn new(
        ctx: &Context,
        config: &Config,
        incremental: &Incremental,
        columns: &[Column],
        source: &mut Source,
    ) -> Result<Self> {
        let name = incremental.cursor.clone();
        let column = columns.iter().position(|column| column.name == name).ok_or_else(|| {
            Error::config(format!(
                "incremental.cursor: {name:?} is not among the columns that are read; add it"
            ))
        })?;
        let native = &columns[column].native;
        let origin = Origin::new(config, source);
        let saved = saved(ctx, incremental, &origin)?;
        let overlap = incremental.overlap.as_ref().map(|by| overlap(by, native)).transpose()?;
        let overlaps = overlap.is_some();
        let overlap = overlap.filter(|_| saved.is_some()).unwrap_or_default();
        let beyond = saved.or_else(|| incremental.start.as_ref().map(text));
        if let Some(value) = &beyond {
            check_end(&name, native, value)?;
        }
        let quoted = identifier(&name);
        source.only(match &beyond {
            Some(value) => {
                let comparison = incremental.comparison();
                format!("{quoted} {comparison} {}{overlap}", typed(value, native))
            }
            None => format!("{quoted} IS NOT NULL"),
        });
        source.sorted_by(&name);
        Ok(Self { column, name, origin, beyond, overlaps })
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
                // The row of the run before may be gone.
                let sql = match &self.beyond {
                    Some(value) if self.overlaps => {
                        format!("SELECT greatest($1, {})::text", typed(value, &column.native))
                    }
                    _ => "SELECT ($1)::text".to_owned(),
                };
                let statement = session.wait(client.prepare_typed(&sql, &[column.sent_as()]))?;
                let row = session.wait(client.query_one(&statement, &[&Raw(bytes)]))?;
                Some(row.try_get::<_, String>(0).map_err(|error| session.explain(&error))?)
            }
            None => self.beyond,
        };
        let Some(value) = value else { return Ok(()) };
        check_end(&self.name, &column.native, &value)?;
        State { cursor: self.name, value, source: Some(self.origin) }.save(ctx)
    }
}

/// Returns a value in SQL.
fn typed(value: &str, native: &Type) -> String {
    format!("{}::{}.{}", literal(value), identifier(native.schema()), identifier(native.name()))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns true if values of a type can be infinity or no number.
fn has_end(native: &Type) -> bool {
    is_moment(native) || matches!(*native, Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC)
}

fn is_moment(native: &Type) -> bool {
    matches!(*native, Type::DATE | Type::TIMESTAMP | Type::TIMESTAMPTZ)
}

/// Refuses a value that nothing lies beyond, after which no run would find anything.
fn check_end(name: &str, native: &Type, value: &str) -> Result<()> {
    let is_end = ["nan", "infinity", "inf"].contains(&value.to_ascii_lowercase().as_str());
    if !is_end || !has_end(native) {
        return Ok(());
    }
    let quoted = identifier(name);
    Err(Error::data(format!(
        "incremental.cursor: the last value of {name:?} is {value}, and nothing lies beyond it, so no \
         later run would find a row; leave such rows out by the condition {quoted} < 'Infinity' in \
         `filter` or in the query, and delete the step's saved state if it is there already"
    )))
}

/// Returns what is taken off the last value, in SQL.
fn overlap(by: &Value, native: &Type) -> Result<String> {
    let number = matches!(
        *native,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC
    );
    match by {
        Value::String(_) if is_moment(native) => Ok(format!(" - {}::interval", literal(&text(by)))),
        Value::Number(count) if number && count.as_f64().is_some_and(|count| count >= 0.0) => {
            Ok(format!(" - {}", typed(&text(by), native)))
        }
        _ => Err(Error::config(format!(
            "incremental.overlap: {by} cannot be taken off a cursor of type {native}; it is a number \
             of at least 0 for numbers, an interval such as \"1 hour\" for dates and timestamps, and \
             cursors of other types cannot overlap"
        ))),
    }
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
