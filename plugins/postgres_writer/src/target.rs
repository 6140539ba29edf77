//! The table that is written, as it is or as it will be.

use osiris_sdk::{Error, Result};
use postgres_common::{Relation, Session, identifier};
use tokio_postgres::types::{Kind, Type};

/// A column of it.
#[derive(Debug, Clone)]
pub(crate) struct TargetColumn {
    pub(crate) name: String,
    /// Its type; that below it if it is a domain.
    pub(crate) native: Type,
    pub(crate) modifier: i32,
    /// Its type in SQL.
    pub(crate) declared: String,
    pub(crate) not_null: bool,
    pub(crate) has_default: bool,
    /// Computed by the server, always.
    pub(crate) generated: bool,
    /// Counted by the server, always.
    pub(crate) identity_always: bool,
}

/// A table that is there, or a view that takes rows for one.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) columns: Vec<TargetColumn>,
    /// True if the server checks every row, which `COPY` into the table does not allow.
    pub(crate) row_security: bool,
    /// True if the rows go through a view, which `COPY` does not allow either.
    pub(crate) is_view: bool,
}

/// The bit of INSERT is 8.
const TABLE: &str = "
    SELECT c.relkind::text, row_security_active(c.oid),
           pg_relation_is_updatable(c.oid, true) & 8 <> 0
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::text AND c.relname = $2::text";

const COLUMNS: &str = "
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
           a.atthasdef OR a.attidentity <> '', a.attgenerated <> '', a.attidentity = 'a'
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// The type modifier of a domain, whichever of those below it has one.
const DOMAIN_MODIFIER: &str = "
    WITH RECURSIVE domains AS (
      SELECT typbasetype, typtypmod FROM pg_catalog.pg_type WHERE oid = $1
      UNION ALL
      SELECT t.typbasetype, t.typtypmod
      FROM domains d JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype AND t.typtype = 'd')
    SELECT max(typtypmod) FROM domains";

/// Returns the table, if it is there.
pub(crate) fn find(session: &Session, relation: &Relation) -> Result<Option<Target>> {
    let client = &session.client;
    let found = session.wait(client.query_opt(TABLE, &[&relation.schema, &relation.name]))?;
    let Some(found) = found else { return Ok(None) };
    let kind: String = found.get(0);
    let takes_rows: bool = found.get(2);
    match kind.as_str() {
        "r" | "p" | "f" => {}
        "v" if takes_rows => {}
        "v" => {
            return Err(Error::unsupported(format!(
                "{relation} is a view that takes no rows, as it is not a plain choice of rows and \
                 columns of one table; write to the table behind it, or give the view an INSTEAD OF \
                 INSERT trigger"
            )));
        }
        "m" => {
            return Err(Error::unsupported(format!(
                "{relation} is a materialized view, which only REFRESH fills; write to the table \
                 behind it"
            )));
        }
        _ => return Err(Error::unsupported(format!("{relation} is not a table; write to one"))),
    }
    let shape = session.wait(client.prepare(&format!("SELECT * FROM {relation}")))?;
    let facts = session.wait(client.query(COLUMNS, &[&relation.to_string()]))?;
    let columns = shape.columns().iter().zip(facts).map(|(column, facts)| {
        Ok(TargetColumn {
            name: facts.get(0),
            native: column.type_().clone(),
            modifier: modifier(session, column)?,
            declared: facts.get(1),
            not_null: facts.get(2),
            has_default: facts.get(3),
            generated: facts.get(4),
            identity_always: facts.get(5),
        })
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(Some(Target { columns, row_security: found.get(1), is_view: kind == "v" }))
}

/// Returns columns of these names and types, as a table that is still to be made has them.
pub(crate) fn shape(session: &Session, columns: &[(String, String)]) -> Result<Vec<TargetColumn>> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let nulls: Vec<_> = columns
        .iter()
        .map(|(name, native)| format!("NULL::{native} AS {}", identifier(name)))
        .collect();
    let shape = session
        .wait(session.client.prepare(&format!("SELECT {}", nulls.join(", "))))
        .map_err(|error| error.context("a type of a column that is created"))?;
    let columns = shape.columns().iter().zip(columns).map(|(column, (name, native))| {
        Ok(TargetColumn {
            name: name.clone(),
            native: column.type_().clone(),
            modifier: modifier(session, column)?,
            declared: native.clone(),
            not_null: false,
            has_default: false,
            generated: false,
            identity_always: false,
        })
    });
    columns.collect()
}

/// Returns the type modifier of a column or, where its values are of a domain, that of the domain.
fn modifier(session: &Session, column: &tokio_postgres::Column) -> Result<i32> {
    let domain = match column.type_().kind() {
        Kind::Array(item) if matches!(item.kind(), Kind::Domain(_)) => item.oid(),
        _ => return Ok(column.type_modifier()),
    };
    let row = session.wait(session.client.query_one(DOMAIN_MODIFIER, &[&domain]))?;
    Ok(row.get::<_, Option<i32>>(0).unwrap_or(-1))
}
