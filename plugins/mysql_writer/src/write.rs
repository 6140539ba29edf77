//! One run: look, make, fill, and put into place.

use db_common::{SchemaChanges, WriteMode};
use mysql_common::{Session, identifier};
use osiris_sdk::{Context, Error, Input, Kind, Result, Schema};

use crate::change::change;
use crate::config::Config;
use crate::create::{Types, collation};
use crate::insert::Inserts;
use crate::names::Names;
use crate::target::Target;
use crate::upsert::Upsert;

/// Values are refused and not cut, 0 is a number and no wish for the next one.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO";

/// The way out for rows that the table cannot take.
const RECREATE: &str = "set `schema_changes: recreate` to drop the table and create it anew, \
     without its keys, indexes and types";

/// The end of the server's message about a number that is too large for its column.
const OUT_OF_RANGE: &str = "(MySQL error 1264)";

/// The table that the rows go into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The target.
    Target,
    /// A new table, which becomes the target at the end.
    Staging {
        /// Whether there is a target that makes way.
        replaces: bool,
    },
}

/// Writes the rows of the input and returns how many they were.
pub(crate) fn write(ctx: &Context, config: &Config, input: &mut Input) -> Result<u64> {
    config.check()?;
    let schema = input.schema()?.clone();
    let chosen: Vec<_> = config.column_types.keys().cloned().collect();
    for (option, names) in [
        ("upsert_keys", &config.upsert_keys),
        ("primary_key", &config.primary_key),
        ("column_types", &chosen),
    ] {
        if let Some(name) = names.iter().find(|name| schema.index_of(name).is_none()) {
            return Err(Error::config(format!("{option}: the input has no column {name:?}")));
        }
    }
    let mut session = Session::open(ctx, &config.resolved_connection, config.timeouts())?;
    let writing = format!("writing table {:?}", config.table);
    let rows = fill(ctx, config, &schema, input, &mut session).map_err(|mut error| {
        let is_fixed = matches!(config.changes(), SchemaChanges::Error | SchemaChanges::AddColumns);
        if is_fixed && error.message.ends_with(OUT_OF_RANGE) {
            error.message.push_str("; set `schema_changes: widen` if the column is to hold more");
        }
        // Not ours: it says already what happened, and where.
        let foreign = matches!(error.kind, Kind::Upstream | Kind::Cancelled);
        if foreign { error } else { error.context(writing) }
    })?;
    session.close();
    Ok(rows)
}

fn fill(
    ctx: &Context,
    config: &Config,
    schema: &Schema,
    input: &mut Input,
    session: &mut Session,
) -> Result<u64> {
    let names = Names::new(&config.resolved_connection.database, &config.table);
    let lock = config.lock_timeout;
    session.apply(&config.session)?;
    // Losses that the server only notes are seen.
    session.run(&format!(
        "SET SESSION sql_mode = '{SQL_MODE}', innodb_lock_wait_timeout = {lock}, \
         lock_wait_timeout = {lock}, sql_notes = 1, max_error_count = 65535"
    ))?;
    names.lock(session, lock)?;
    names.clean(session)?;
    let place = prepare(ctx, config, schema, session, &names)?;
    let staged = place != Place::Target;
    let result = insert(ctx, config, schema, input, session, place, &names);
    let result = result.and_then(|rows| {
        if let Place::Staging { replaces } = place {
            names.swap(session, replaces)?;
            if !replaces {
                ctx.info(format!("created table {:?}", config.table));
            }
        }
        Ok(rows)
    });
    // A connection that is gone would only make the user wait for longer.
    let alive = |error: &Error| !matches!(error.kind, Kind::Network | Kind::Timeout);
    if staged && result.as_ref().is_err_and(alive) {
        // There is an error already, and the next run cleans up too.
        let _ = names.clean(session);
    }
    result
}

/// Sees to it that there is a table that takes the rows.
fn prepare(
    ctx: &Context,
    config: &Config,
    schema: &Schema,
    session: &mut Session,
    names: &Names,
) -> Result<Place> {
    let table = &config.table;
    let target = Target::find(session, table)?;
    let place = match (&target, config.mode) {
        (Some(target), WriteMode::Replace) => {
            target.check_replace(session, table)?;
            let place = Place::Staging { replaces: true };
            let can_recreate = config.changes() == SchemaChanges::Recreate;
            if !can_recreate || target.needed(schema).is_empty() {
                copy(config, schema, session, names, target)?;
                change(ctx, config, schema, session, target, &names.staging)?;
                if !can_recreate || takes(config, schema, session, names)? {
                    return Ok(place);
                }
                names.clean(session)?;
            }
            place
        }
        (Some(target), _) => {
            target.check_undo(table)?;
            change(ctx, config, schema, session, target, table)?;
            return Ok(Place::Target);
        }
        (None, _) if config.create_table && table.contains('.') => {
            let (database, name) = table.split_once('.').unwrap_or_default();
            return Err(Error::config(format!(
                "`table: {table}` has a dot, and no table is created with such a name; for a table \
                 of another database set `database: {database}` and `table: {name}`"
            )));
        }
        (None, _) if config.create_table => Place::Staging { replaces: false },
        (None, _) => {
            return Err(Error::not_found(format!(
                "the table does not exist in database {:?}; make it, or set `create_table: true`",
                config.resolved_connection.database
            )));
        }
    };
    let collation = collation(session)?;
    let sql = Types::new(config, &collation).create(&names.staging, schema)?;
    session.run(&sql)?;
    Ok(place)
}

/// Returns whether the copy of the target takes the rows.
fn takes(config: &Config, schema: &Schema, session: &mut Session, names: &Names) -> Result<bool> {
    let copy = Target::find(session, &names.staging)?;
    Ok(copy.is_some_and(|copy| copy.columns(&config.table, schema, config.zoned_times).is_ok()))
}

/// Makes an empty table of the same columns, types and keys.
fn copy(
    config: &Config,
    schema: &Schema,
    session: &mut Session,
    names: &Names,
    target: &Target,
) -> Result<()> {
    let table = &config.table;
    let needed = target.needed(schema);
    if !needed.is_empty() {
        return Err(Error::config(format!(
            "the input has no column {}, which table {table:?} needs a value for; add it in a step \
             before, give it a default, or {RECREATE}",
            needed.join(", ")
        )));
    }
    session.run(&format!(
        "CREATE TABLE {} LIKE {}",
        identifier(&names.staging),
        identifier(table)
    ))?;
    Ok(())
}

fn insert(
    ctx: &Context,
    config: &Config,
    schema: &Schema,
    input: &mut Input,
    session: &mut Session,
    place: Place,
    names: &Names,
) -> Result<u64> {
    let table = if place == Place::Target { &config.table } else { &names.staging };
    let gone = || Error::not_found("the table is gone; another program removed it");
    let target = Target::find(session, table)?.ok_or_else(gone)?;
    let mut columns =
        target.columns(&config.table, schema, config.zoned_times).map_err(|mut error| {
            if config.mode == WriteMode::Replace && config.changes() != SchemaChanges::Recreate {
                error.message.push_str(&format!("; or {RECREATE}"));
            }
            error
        })?;
    let mut padded = Vec::new();
    for (field, column) in schema.fields.iter().zip(&mut columns) {
        let is_key = config.upsert_keys.contains(&field.name);
        match column {
            Some(column) => {
                // A key that is missing is never the same as another one.
                column.nullable &= !is_key;
                if is_key && column.pads {
                    padded.push(field.name.clone());
                }
            }
            None if is_key => {
                return Err(Error::config(format!(
                    "upsert_keys: the server makes column {:?} itself, so the input cannot tell \
                     which row is meant; name other columns",
                    field.name
                )));
            }
            None => ctx.info(format!(
                "column {:?} of table {:?} is left out: the server makes it itself",
                field.name, config.table
            )),
        }
    }
    let truncate = place == Place::Target && config.mode == WriteMode::Truncate;
    let upsert = match config.mode {
        WriteMode::Upsert => Some(Upsert {
            keys: &config.upsert_keys,
            padded,
            other_keys: target.check_keys(&config.table, &config.upsert_keys)?,
        }),
        _ => None,
    };
    let mut inserts =
        Inserts::new(session, table, schema, columns, truncate, upsert, config.load_data)?;
    let mut feed = || {
        let mut rows = 0;
        while let Some(batch) = input.next()? {
            rows += batch.rows() as u64;
            inserts.batch(&batch)?;
            ctx.progress(rows, None);
        }
        ctx.check_cancelled()
    };
    match feed() {
        Ok(()) => inserts.commit(),
        Err(error) => {
            if !matches!(error.kind, Kind::Network | Kind::Timeout) {
                // There is an error already, and the end of the connection undoes it too.
                let _ = inserts.roll_back();
            }
            Err(error)
        }
    }
}
