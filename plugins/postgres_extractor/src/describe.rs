//! The columns of what is read.

use osiris_sdk::{Error, Field, Result, Schema};
use postgres_common::{Mapped, Session, identifier, map};
use tokio_postgres::types::Type;

use crate::source::Source;

/// A column of what is read.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) native: Type,
    pub(crate) mapped: Mapped,
}

impl Column {
    /// The type in which the server sends it.
    pub(crate) fn sent_as(&self) -> Type {
        if self.mapped.cast { Type::TEXT } else { self.native.clone() }
    }
}

/// Asks the server what the columns are.
pub(crate) fn describe(session: &Session, source: &Source) -> Result<Vec<Column>> {
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
    let mut columns = Vec::with_capacity(statement.columns().len());
    for column in statement.columns() {
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
        columns.push(Column {
            name: column.name().to_owned(),
            native: column.type_().clone(),
            mapped,
        });
    }
    Ok(columns)
}

/// Whether a column is declared as an array of more than one dimension.
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
    let field = |column: &Column| Field::new(&column.name, column.mapped.data_type.clone(), true);
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
