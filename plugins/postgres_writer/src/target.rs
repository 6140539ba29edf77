//! The table that is written, as it is.

use osiris_sdk::{Error, Result};
use postgres_common::{Relation, Session};
use tokio_postgres::types::Type;

/// A column of it.
#[derive(Debug, Clone)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    /// Its type; that below it if it is a domain.
    pub(crate) native: Type,
    pub(crate) modifier: i32,
    /// Its type in SQL.
    pub(crate) declared: String,
    /// The same without a length or precision, which casts would apply by
    /// cutting and rounding.
    pub(crate) bare: String,
    pub(crate) not_null: bool,
    pub(crate) has_default: bool,
    /// Computed by the server, always.
    pub(crate) generated: bool,
    /// Counted by the server, always.
    pub(crate) identity_always: bool,
}

const KIND: &str = "
    SELECT c.relkind::text
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text AND c.relname = $2::text";

const COLUMNS: &str = "
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1),
           a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '',
           a.attidentity = 'a'
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// The columns of the table, if it is there.
pub(crate) fn find(session: &Session, relation: &Relation) -> Result<Option<Vec<TargetColumn>>> {
    let client = &session.client;
    let found = session.wait(client.query_opt(KIND, &[&relation.schema, &relation.name]))?;
    let Some(found) = found else { return Ok(None) };
    let kind: String = found.get(0);
    if !matches!(kind.as_str(), "r" | "p" | "f") {
        return Err(Error::unsupported(format!("{relation} is not a table; write to one")));
    }
    let shape = session.wait(client.prepare(&format!("SELECT * FROM {relation}")))?;
    let facts = session.wait(client.query(COLUMNS, &[&relation.to_string()]))?;
    let columns = shape.columns().iter().zip(facts).map(|(column, facts)| TargetColumn {
        name: facts.get(0),
        native: column.type_().clone(),
        modifier: column.type_modifier(),
        declared: facts.get(1),
        bare: facts.get(2),
        not_null: facts.get(3),
        has_default: facts.get(4),
        generated: facts.get(5),
        identity_always: facts.get(6),
    });
    Ok(Some(columns.collect()))
}
