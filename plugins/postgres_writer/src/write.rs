//! One transaction, from the first to the last row.

use osiris_sdk::{Context, Error, Input, Kind, Result, Schema, retry};
use postgres_common::{Access, Session, has_code, is_conflict};

use crate::config::Config;
use crate::copy::copy;
use crate::merge::Stage;
use crate::plan::Plan;
use crate::prepare::{is_taken, prepare};
use crate::sequence::follow;

/// Writes the rows, and returns how many were committed.
pub(crate) fn write(ctx: &Context, config: &Config, input: &mut Input) -> Result<u64> {
    let schema = input.schema()?.clone();
    config.check(&schema)?;
    let session = Session::open(ctx, &config.resolved_connection, config.timeouts())?;
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
    session.begin(Access::Write, &config.session)?;
    // Nothing of the input is gone yet, so all of this can be done again.
    let prepared = retry(ctx, || match prepare(session, config, schema) {
        Err(error) if is_conflict(&error) || is_taken(&error) => {
            session.run("ROLLBACK TO SAVEPOINT begin")?;
            Err(error)
        }
        result => Ok(result),
    })??;
    let plan = &prepared.plan;
    let rows = if prepared.staged {
        let exact = config.rules().exact;
        let stage = Stage::new(&prepared, &config.upsert_keys, exact);
        stage.create(session)?;
        copy(ctx, session, &stage.copy(), plan, stage.is_numbered(), input)
            .and_then(|_| stage.merge(ctx, session))
    } else {
        let statement =
            format!("COPY {} ({}) FROM STDIN (FORMAT binary)", plan.relation, plan.names());
        copy(ctx, session, &statement, plan, false, input)
    };
    let rows = rows.map_err(|error| name(error, plan))?;
    follow(ctx, session, plan, prepared.empties)?;
    ctx.check_cancelled()?;
    session.commit().map_err(|error| {
        let lost = matches!(error.kind, Kind::Network | Kind::Timeout);
        let doubt = if lost { ", and nobody knows whether it was" } else { "" };
        error.context(format_args!("{}: the rows could not be committed{doubt}", plan.relation))
    })?;
    if prepared.creates {
        ctx.info(format!("created table {}", plan.relation));
    }
    Ok(rows)
}

/// Says which table it was about, unless that is said, and which option helps.
fn name(mut error: Error, plan: &Plan) -> Error {
    // PostgreSQL has no room for the character, in text or in JSON.
    let nul = has_code(&error, "22021") && error.message.contains("0x00")
        || has_code(&error, "22P05") && error.message.contains("\\u0000");
    if nul {
        error.message.push_str("; set `nul: remove` to leave this character out");
    }
    let relation = plan.relation.to_string();
    let elsewhere = matches!(error.kind, Kind::Upstream | Kind::Cancelled);
    if elsewhere || error.message.starts_with(&relation) { error } else { error.context(relation) }
}
