//! Lists the tables and views of a database.

use db_common::Timeouts;
use osiris_sdk::{Context, Dataset, DatasetColumn, Result};

use crate::{Access, Connection, Relation, Session, Settings, map};

const RELATIONS: &str = "
    SELECT n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8::int8
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND has_schema_privilege(n.oid, 'USAGE')
      AND ($1::text IS NULL OR n.nspname = $1)
    ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

const COLUMNS: &str = "
    SELECT format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           EXISTS (SELECT FROM pg_catalog.pg_index i
                   WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum";

/// Returns everything that can be read: of the connection's schema if it names one, else of all
/// schemas that the user may look into, but the system's own.
///
/// # Errors
/// Returns the error of the connection or the server.
pub fn discover(
    ctx: &Context,
    connection: &Connection,
    timeouts: Timeouts,
    settings: &Settings,
) -> Result<Vec<Dataset>> {
    let session = Session::open(ctx, connection, timeouts)?;
    session.begin(Access::Read, settings)?;
    let client = &session.client;
    let rows = session.wait(client.query(RELATIONS, &[&connection.schema]))?;
    let mut datasets = Vec::with_capacity(rows.len());
    for row in rows {
        let (schema, name, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let estimate: i64 = row.get(3);
        let relation = Relation::new(&schema, &name);
        datasets.push(Dataset {
            // As a step names it: alone where its schema goes without saying.
            name: if schema == connection.schema() { name } else { format!("{schema}.{name}") },
            kind: if matches!(kind.as_str(), "v" | "m") { "view" } else { "table" }.to_owned(),
            // Negative: nobody has counted yet.
            estimated_rows: (kind != "v").then(|| u64::try_from(estimate).ok()).flatten(),
            columns: columns(&session, &relation)?,
        });
    }
    session.commit()?;
    session.close();
    Ok(datasets)
}

fn columns(session: &Session, relation: &Relation) -> Result<Vec<DatasetColumn>> {
    let client = &session.client;
    let shape = session.wait(client.prepare(&format!("SELECT * FROM {relation}")))?;
    let facts = session.wait(client.query(COLUMNS, &[&relation.to_string()]))?;
    let columns = shape.columns().iter().zip(facts).map(|(column, facts)| DatasetColumn {
        name: column.name().to_owned(),
        data_type: map(column.type_(), column.type_modifier()).data_type,
        native_type: facts.get(0),
        nullable: facts.get(1),
        primary_key: facts.get(2),
    });
    Ok(columns.collect())
}
