//! One run: look, make, fill, and put into place.

use mysql_common::{Session, quote};
use osiris_sdk::{Context, Error, Input, Kind, Result, Schema};

use crate::config::{Config, Mode};
use crate::ddl;
use crate::insert::Inserts;
use crate::names::Names;
use crate::target::Target;

/// Values are refused and not cut, 0 is a number and no wish for the next one.
const SQL_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO";

/// Where the rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Into the table.
    Target,
    /// Into one that becomes the table at the end.
    Staging {
        /// Whether there is a table that makes way.
        replaces: bool,
    },
}

/// Writes the rows of the input and returns how many they were.
pub(crate) fn write(ctx: &Context, config: &Config, input: &mut Input) -> Result<u64> {
    config.check()?;
    let schema = input.schema()?.clone();
    if let Some(key) = config.upsert_keys.iter().find(|key| schema.index_of(key).is_none()) {
        return Err(Error::config(format!("upsert_keys: the input has no column {key:?}")));
    }
    let mut session = Session::open(ctx, &config.resolved_connection, config.limits())?;
    let writing = format!("writing table {:?}", config.table);
    let rows = fill(ctx, config, &schema, input, &mut session).map_err(|error| {
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
    session.run(&format!(
        "SET SESSION sql_mode = '{SQL_MODE}', innodb_lock_wait_timeout = {lock}, \
         lock_wait_timeout = {lock}"
    ))?;
    names.lock(session, lock)?;
    names.clean(session)?;
    let place = prepare(config, schema, session, &names)?;
    let staged = place != Place::Target;
    let result = insert(ctx, config, schema, input, session, place, &names);
    let result = result.and_then(|rows| {
        if let Place::Staging { replaces } = place {
            names.swap(session, replaces)?;
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
    config: &Config,
    schema: &Schema,
    session: &mut Session,
    names: &Names,
) -> Result<Place> {
    let table = &config.table;
    let target = Target::find(session, table)?;
    let place = match (&target, config.mode) {
        (Some(target), Mode::Replace) => {
            target.check_replace(session, table)?;
            // A table of the same columns keeps its types and its keys.
            if target.is_of(schema) || !config.create_table {
                target.columns(table, schema)?;
                session.run(&format!(
                    "CREATE TABLE {} LIKE {}",
                    quote::name(&names.staging),
                    quote::name(table)
                ))?;
                return Ok(Place::Staging { replaces: true });
            }
            Place::Staging { replaces: true }
        }
        (Some(target), mode) => {
            target.check_undo(table)?;
            if mode == Mode::Upsert {
                target.check_keys(table, &config.upsert_keys)?;
            }
            return Ok(Place::Target);
        }
        (None, _) if config.create_table => Place::Staging { replaces: false },
        (None, _) => {
            return Err(Error::not_found(format!(
                "the table does not exist in database {:?}; make it, or set `create_table: true`",
                config.resolved_connection.database
            )));
        }
    };
    session.run(&ddl::create(&names.staging, schema, &config.upsert_keys)?)?;
    Ok(place)
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
    let mut columns = target.columns(&config.table, schema)?;
    for column in &mut columns {
        // A key that is missing is never the same as another one.
        column.nullable &= !config.upsert_keys.contains(&column.name);
    }
    let truncate = place == Place::Target && config.mode == Mode::Truncate;
    let upsert = config.mode == Mode::Upsert;
    let mut inserts = Inserts::new(session, table, schema, columns, truncate, upsert)?;
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
