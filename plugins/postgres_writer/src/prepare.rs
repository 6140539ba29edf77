//! Preparation of the table that the rows go into.

use db_common::{SchemaChanges, WriteMode};
use osiris_sdk::{Error, Result, Schema};
use postgres_common::{Relation, Session, check_length, has_code};

use crate::change::{Changes, changes};
use crate::claim::claim;
use crate::config::Config;
use crate::create::{columns, create};
use crate::plan::Plan;
use crate::target::{Target, find, shape};

/// A table that rows can come for.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) plan: Plan,
    pub(crate) table: Table,
    /// Changes of the table before the rows go into it.
    pub(crate) changes: Changes,
    /// Whether the rows that are there go.
    pub(crate) empties: bool,
    /// Whether rows have to wait in a temporary table.
    pub(crate) staged: bool,
    /// Whether this step creates the table.
    pub(crate) creates: bool,
}

/// The state of the table.
#[derive(Debug)]
pub(crate) enum Table {
    /// It is.
    Ready,
    /// Another one is, and goes.
    Anew {
        /// Creates it.
        statement: String,
    },
    /// Another session creates it at the moment. To wait for that would stop the steps before, which
    /// the other session may need to get on.
    Awaited {
        /// Creates it if the other session does not.
        statement: String,
    },
}

/// Finds the table, creates it if need be, and plans how rows get into it.
pub(crate) fn prepare(session: &Session, config: &Config, schema: &Schema) -> Result<Prepared> {
    session.run("SAVEPOINT begin")?;
    let relation = config.relation()?;
    check_length("schema", &relation.schema)?;
    check_length("table", &relation.name)?;
    schema.fields.iter().try_for_each(|field| check_length("column", &field.name))?;
    let mut found = find(session, &relation)?;
    let mut is_locked = false;
    if found.is_none() && config.create_table {
        is_locked = try_lock(session, &relation)?;
        // Another step may have had the lock, and have created the table, a moment before.
        found = find(session, &relation)?;
    }
    let mut prepared = match found {
        Some(target) => existing(session, config, schema, &relation, &target)?,
        None if config.create_table => created(session, config, schema, &relation, is_locked)?,
        None => {
            return Err(Error::not_found(format!(
                "the table {relation} does not exist; create it, or set `create_table: true`"
            )));
        }
    };
    mark_keys(session, config, &relation, &mut prepared.plan)?;
    Ok(prepared)
}

fn created(
    session: &Session,
    config: &Config,
    schema: &Schema,
    relation: &Relation,
    is_locked: bool,
) -> Result<Prepared> {
    let columns = columns(session, config, &schema.fields)?;
    let statement = create(relation, &columns, config);
    let (table, targets) = if is_locked {
        session.run(&statement).map_err(|error| match is_taken(&error) {
            true => Error::data(error.message).retryable(true),
            false => error,
        })?;
        let found = find(session, relation)?.map(|target| target.columns);
        (Table::Ready, found.unwrap_or_default())
    } else {
        (Table::Awaited { statement }, shape(session, &columns)?)
    };
    let plan = Plan::new(relation, schema, &targets, config.rules())?;
    let staged =
        plan.has_text() || !config.upsert_keys.is_empty() || !matches!(table, Table::Ready);
    let empties = !matches!(table, Table::Ready) && replaces(config);
    Ok(Prepared { plan, table, changes: Changes::default(), empties, staged, creates: is_locked })
}

/// Returns true if another client has created the table a moment before.
pub(crate) fn is_taken(error: &Error) -> bool {
    has_code(error, "23505") || has_code(error, "42P07")
}

fn existing(
    session: &Session,
    config: &Config,
    schema: &Schema,
    relation: &Relation,
    target: &Target,
) -> Result<Prepared> {
    check_mode(config, relation, target)?;
    let (changes, targets) = changes(session, config, schema, &target.columns)?;
    if target.is_view && !changes.is_empty() {
        return Err(Error::config(format!(
            "{relation} is a view, whose columns a step cannot change, and the rows do not fit them; \
             change the view, or set `schema_changes: error` to see which columns they are"
        )));
    }
    let error = match Plan::new(relation, schema, &targets, config.rules()) {
        Ok(plan) => {
            let empties = replaces(config);
            let staged = plan.has_text()
                || !config.upsert_keys.is_empty()
                || !changes.is_empty()
                || target.row_security
                || target.is_view
                || empties && !claim(session, relation)?;
            return Ok(Prepared {
                plan,
                table: Table::Ready,
                changes,
                empties,
                staged,
                creates: false,
            });
        }
        Err(error) if config.mode != WriteMode::Replace => return Err(error),
        Err(error) => error,
    };
    if config.changes() != SchemaChanges::Recreate || !config.create_table {
        return Err(Error::config(format!(
            "{}; or set `schema_changes: recreate` to drop the table and create it anew, without \
             its keys, indexes, grants, defaults and comments",
            error.message
        )));
    }
    let columns = columns(session, config, &schema.fields)?;
    let plan = Plan::new(relation, schema, &shape(session, &columns)?, config.rules())?;
    let table = Table::Anew { statement: create(relation, &columns, config) };
    Ok(Prepared {
        plan,
        table,
        changes: Changes::default(),
        empties: false,
        staged: true,
        creates: true,
    })
}

/// Refuses to empty what the user does not see as a whole.
fn check_mode(config: &Config, relation: &Relation, target: &Target) -> Result<()> {
    if !replaces(config) {
        return Ok(());
    }
    let mode = if config.mode == WriteMode::Replace { "replace" } else { "truncate" };
    let why = if target.is_view {
        "is a view, and the table behind it may hold other rows as well"
    } else if target.row_security {
        "has row-level security, which hides rows of others from this user"
    } else {
        return Ok(());
    };
    let way_out = if target.is_view {
        "name the table itself in `table`, whose rows would all go"
    } else {
        "connect as the owner of the table or a role with BYPASSRLS, for whom all rows would go"
    };
    Err(Error::unsupported(format!(
        "{relation} {why}, so `mode: {mode}` cannot empty it; set `mode: append` or `mode: upsert`, \
         or {way_out}"
    )))
}

fn replaces(config: &Config) -> bool {
    matches!(config.mode, WriteMode::Replace | WriteMode::Truncate)
}

/// Marks the keys of an upsert that must not be missing: unless the constraint says otherwise,
/// NULL never equals NULL.
fn mark_keys(
    session: &Session,
    config: &Config,
    relation: &Relation,
    plan: &mut Plan,
) -> Result<()> {
    // The fact is younger than some servers, so it is looked for in the row as JSON.
    const EQUAL_NULLS: &str = "
        SELECT EXISTS (
          SELECT FROM pg_catalog.pg_index i
          WHERE i.indrelid = to_regclass($1::text) AND i.indisunique AND i.indpred IS NULL
            AND (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean
            AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text)
                 FROM pg_catalog.pg_attribute a
                 WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)) = $2::text[])";
    if config.upsert_keys.is_empty() {
        return Ok(());
    }
    let mut keys = config.upsert_keys.clone();
    keys.sort();
    let row =
        session.wait(session.client.query_one(EQUAL_NULLS, &[&relation.to_string(), &keys]))?;
    let equal: bool = row.get(0);
    for column in &mut plan.columns {
        column.is_key = !equal && keys.contains(&column.target.name);
    }
    Ok(())
}

/// The name of the lock for a table that is created. It ends with the transaction.
const LOCK: &str = "(hashtext('osiris'), hashtext($1::text))";

fn try_lock(session: &Session, relation: &Relation) -> Result<bool> {
    let sql = format!("SELECT pg_try_advisory_xact_lock{LOCK}");
    let row = session.wait(session.client.query_one(&sql, &[&relation.to_string()]))?;
    Ok(row.get(0))
}

/// Timeouts until nobody else creates the table.
pub(crate) fn lock(session: &Session, relation: &Relation) -> Result<()> {
    let sql = format!("SELECT pg_advisory_xact_lock{LOCK}::text");
    session.wait(session.client.query_one(&sql, &[&relation.to_string()])).map(drop)
}
