//! The columns of what is read.

use osiris_sdk::{Error, Field, Result, Schema};
use postgres_common::{Mapped, SQL_TYPE, Session, Wire, identifier, map};
use tokio_postgres::types::Type;

use crate::config::{Config, Special};
use crate::source::Source;

/// The types of columns in SQL, given their numbers and modifiers.
const SQL_TYPES: &str = "
    SELECT format_type(number, modifier)
    FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS types (number, modifier, place)
    ORDER BY place";

/// A column of what is read.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) native: Type,
    pub(crate) mapped: Mapped,
    /// Its type in SQL.
    pub(crate) declared: String,
}

impl Column {
    /// The type in which the server sends it.
    pub(crate) fn sent_as(&self) -> Type {
        if self.mapped.cast { Type::TEXT } else { self.native.clone() }
    }
}

/// Asks the server what the columns are.
pub(crate) fn describe(session: &Session, source: &Source, config: &Config) -> Result<Vec<Column>> {
    let client = &session.client;
    let statement = session.wait(client.prepare(&source.plain()))?;
    if !statement.params().is_empty() {
        return Err(Error::config(
            "the query has parameters such as $1, which nobody fills in; write their values",
        ));
    }
    if statement.columns().is_empty() && source.table.is_none() {
        return Err(Error::config("the query has no columns; it must be one that reads rows"));
    }
    let described = statement.columns();
    let numbers: Vec<_> = described.iter().map(|column| column.type_().oid()).collect();
    let modifiers: Vec<_> = described.iter().map(|column| column.type_modifier()).collect();
    let declared = session.wait(client.query(SQL_TYPES, &[&numbers, &modifiers]))?;
    let mut columns = Vec::with_capacity(described.len());
    for (column, declared) in described.iter().zip(declared) {
        if columns.iter().any(|known: &Column| known.name == column.name()) {
            return Err(Error::config(format!(
                "the query has two columns {:?}; name one of them by AS",
                column.name()
            )));
        }
        let mut mapped = map(column.type_(), column.type_modifier());
        if is_matrix(session, column)? {
            mapped = map(&Type::UNKNOWN, -1);
        }
        if config.infinity == Special::Text && has_infinity(&mapped.wire) {
            mapped = map(&Type::UNKNOWN, -1);
        }
        if config.nan == Special::Text && is_decimal(&mapped.wire) {
            // Without a modifier, a number of any kind is text.
            mapped = map(column.type_(), -1);
        }
        columns.push(Column {
            name: column.name().to_owned(),
            native: column.type_().clone(),
            mapped,
            declared: declared.get(0),
        });
    }
    Ok(columns)
}

fn has_infinity(wire: &Wire) -> bool {
    match wire {
        Wire::Array(item) => has_infinity(item),
        _ => matches!(wire, Wire::Date | Wire::Timestamp),
    }
}

fn is_decimal(wire: &Wire) -> bool {
    match wire {
        Wire::Array(item) => is_decimal(item),
        _ => matches!(wire, Wire::Decimal(..)),
    }
}

/// Returns true if a column is declared as an array of more than one dimension.
fn is_matrix(session: &Session, column: &tokio_postgres::Column) -> Result<bool> {
    let (tokio_postgres::types::Kind::Array(_), Some(table), Some(number)) =
        (column.type_().kind(), column.table_oid(), column.column_id())
    else {
        return Ok(false);
    };
    let sql =
        "SELECT attndims::int4 FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum = $2";
    let row = session.wait(session.client.query_opt(sql, &[&table, &number]))?;
    Ok(row.is_some_and(|row| row.get::<_, i32>(0) > 1))
}

/// The table that the columns make.
pub(crate) fn schema(columns: &[Column]) -> Schema {
    let field = |column: &Column| {
        let mut field = Field::new(&column.name, column.mapped.data_type.clone(), true);
        field.metadata.push((SQL_TYPE.to_owned(), column.declared.clone()));
        field
    };
    Schema::new(columns.iter().map(field).collect())
}

/// The query whose values come as the columns say.
pub(crate) fn query(source: &Source, columns: &[Column]) -> String {
    if columns.iter().all(|column| !column.mapped.cast) {
        return source.plain();
    }
    let expression = |column: &Column| {
        let name = identifier(&column.name);
        if column.mapped.cast { format!("{name}::text") } else { name }
    };
    source.select(&columns.iter().map(expression).collect::<Vec<_>>().join(", "))
}
