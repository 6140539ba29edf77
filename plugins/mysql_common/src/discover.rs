//! The tables of a database, and their columns.

use std::collections::BTreeMap;

use db_common::Timeouts;
use osiris_sdk::{Context, Dataset, DatasetColumn, Error, Result};

use crate::connection::Connection;
use crate::session::Session;
use crate::types::ZeroDates;
use crate::{MysqlError, identifier, literal};

/// The tables and views of the connection's database, by name.
///
/// # Errors
/// The connection's or the server's.
pub fn discover(
    ctx: &Context,
    connection: &Connection,
    timeouts: Timeouts,
    zero_dates: ZeroDates,
) -> Result<Vec<Dataset>> {
    let mut session = Session::open(ctx, connection, timeouts)?;
    let database = literal(&connection.database);
    let told = |error: MysqlError| Error::from(error).context("listing the tables");
    let tables = session
        .texts(&format!(
            "SELECT table_name, table_type, table_rows FROM information_schema.tables \
             WHERE table_schema = {database}"
        ))
        .map_err(told)?;
    let mut columns: BTreeMap<String, Vec<Description>> = BTreeMap::new();
    let described = session
        .texts(&format!(
            "SELECT table_name, column_name, column_type, is_nullable, column_key, \
             column_comment \
             FROM information_schema.columns WHERE table_schema = {database} \
             ORDER BY table_name, ordinal_position"
        ))
        .map_err(told)?;
    for row in described {
        let [table, name, native_type, nullable, key, comment] = cells(row);
        columns.entry(table).or_default().push(Description {
            name,
            native_type,
            nullable: nullable == "YES",
            primary_key: key == "PRI",
            comment,
        });
    }
    let mut datasets = Vec::new();
    for row in tables {
        ctx.check_cancelled()?;
        let [name, kind, rows] = cells(row);
        // What the server says of a query's columns is what reading it makes of them.
        let query = format!("SELECT * FROM {}", identifier(&name));
        let prepared = match session.prepare(&query) {
            Ok(prepared) => prepared,
            Err(error @ MysqlError::Server { .. }) => {
                ctx.warn(format!("{name} is left out: {}", Error::from(error)));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        session.forget(&prepared)?;
        let described = columns.remove(&name).unwrap_or_default();
        // Invisible columns are described, and not read unless they are named.
        let columns = prepared.columns.iter().filter_map(|column| {
            let described = described.iter().find(|described| described.name == column.name)?;
            let native = column.native.declared(&described.native_type, &described.comment);
            Some(DatasetColumn {
                name: described.name.clone(),
                data_type: native.data_type(zero_dates),
                native_type: described.native_type.clone(),
                nullable: described.nullable,
                primary_key: described.primary_key,
            })
        });
        datasets.push(Dataset {
            columns: columns.collect(),
            kind: if kind.ends_with("VIEW") { "view" } else { "table" }.to_owned(),
            estimated_rows: rows.parse().ok(),
            name,
        });
    }
    session.close();
    datasets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(datasets)
}

struct Description {
    name: String,
    native_type: String,
    nullable: bool,
    primary_key: bool,
    comment: String,
}

/// The cells of a row, nulls and missing ones as empty texts.
pub fn cells<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let mut row = row.into_iter();
    std::array::from_fn(|_| row.next().flatten().unwrap_or_default())
}
