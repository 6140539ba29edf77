//! One transaction, from the first to the last row.

use osiris_sdk::{Context, Error, Input, Kind, Result, Schema, retry};
use postgres_common::{Access, Relation, Session, has_code, is_conflict};

use crate::config::{Config, WriteMode};
use crate::copy::copy;
use crate::create::create;
use crate::merge::Stage;
use crate::plan::Plan;
use crate::target;

/// Writes the rows, and returns how many were committed.
pub(crate) fn write(ctx: &Context, config: &Config, input: &mut Input) -> Result<u64> {
    let schema = input.schema()?.clone();
    config.check(&schema)?;
    let session = Session::open(ctx, &config.resolved_connection, config.waits())?;
    let result = transaction(ctx, &session, config, &schema, input);
    if result.is_err() {
        session.rollback();
    }
    session.close();
    result
}

fn transaction(
    ctx: &Context,
    session: &Session,
    config: &Config,
    schema: &Schema,
    input: &mut Input,
) -> Result<u64> {
    session.begin(Access::Write)?;
    // Nothing of the input is gone yet, so all of this can be done again.
    let plan = retry(ctx, || match begin(ctx, session, config, schema) {
        Err(error) if is_conflict(&error) => {
            session.run("ROLLBACK TO SAVEPOINT begin")?;
            Err(error)
        }
        result => Ok(result),
    })??;
    let keys = &config.upsert_keys;
    let rows = if plan.has_text() || !keys.is_empty() {
        let stage = Stage::new(&plan, keys);
        stage.create(session)?;
        copy(ctx, session, &stage.copy(), &plan, true, input)
            .and_then(|_| stage.merge(ctx, session))
    } else {
        let statement =
            format!("COPY {} ({}) FROM STDIN (FORMAT binary)", plan.relation, plan.names());
        copy(ctx, session, &statement, &plan, false, input)
    };
    let rows = rows.map_err(|error| name(error, &plan))?;
    ctx.check_cancelled()?;
    session.commit().map_err(|error| {
        let lost = matches!(error.kind, Kind::Network | Kind::Timeout);
        let doubt = if lost { ", and nobody knows whether it was" } else { "" };
        error.context(format_args!("{}: the rows could not be committed{doubt}", plan.relation))
    })?;
    Ok(rows)
}

/// Makes the table ready to take rows.
fn begin(ctx: &Context, session: &Session, config: &Config, schema: &Schema) -> Result<Plan> {
    session.run("SAVEPOINT begin")?;
    let relation = config.relation();
    let found = target::find(session, &relation)?;
    let plan = found.as_deref().map(|targets| Plan::new(&relation, schema, targets)).transpose();
    let anew = match plan {
        Ok(Some(plan)) => {
            if matches!(config.mode, WriteMode::Replace | WriteMode::Truncate) {
                empty(session, &relation)?;
            }
            return Ok(plan);
        }
        Ok(None) if !config.create_table => {
            return Err(Error::not_found(format!(
                "the table {relation} does not exist; create it, or set `create_table: true`"
            )));
        }
        Ok(None) => false,
        // A table that does not fit goes, if another may be created.
        Err(error) if config.mode != WriteMode::Replace || !config.create_table => {
            return Err(error);
        }
        Err(_) => true,
    };
    if anew {
        ctx.warn(format!("{relation} has other columns and is created anew"));
        session.run(&format!("DROP TABLE {relation}"))?;
    }
    session.run(&create(&relation, schema, &config.upsert_keys)?)?;
    let targets = target::find(session, &relation)?.unwrap_or_default();
    Plan::new(&relation, schema, &targets)
}

/// Takes all rows out of the table; one by one where it cannot be done at once,
/// as foreign keys point to it or the user may only delete.
fn empty(session: &Session, relation: &Relation) -> Result<()> {
    session.run("SAVEPOINT empty")?;
    match session.run(&format!("TRUNCATE {relation}")) {
        Err(error) if has_code(&error, "0A000") || has_code(&error, "42501") => {
            session.run("ROLLBACK TO SAVEPOINT empty")?;
            session.run(&format!("DELETE FROM {relation}"))
        }
        result => result,
    }
}

/// Says which table it was about, unless that is said.
fn name(error: Error, plan: &Plan) -> Error {
    let relation = plan.relation.to_string();
    let elsewhere = matches!(error.kind, Kind::Upstream | Kind::Cancelled);
    if elsewhere || error.message.starts_with(&relation) { error } else { error.context(relation) }
}
