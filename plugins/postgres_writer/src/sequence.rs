//! Sequences that count columns whose numbers the input brings along.

use osiris_sdk::{Context, Result};
use postgres_common::{Session, identifier, literal};
use tokio_postgres::types::Type;

use crate::plan::Plan;

/// The sequences of columns, by default or identity: their columns, their names in SQL, and whether
/// an index finds the largest number of the column.
const SEQUENCES: &str = "
    WITH links AS (
      SELECT f.adrelid AS relation, f.adnum AS place, d.refobjid AS sequence
      FROM pg_catalog.pg_attrdef f
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
        AND d.refclassid = 'pg_class'::regclass
      WHERE f.adrelid = $1::text::regclass
      UNION
      SELECT d.refobjid, d.refobjsubid, d.objid
      FROM pg_catalog.pg_depend d
      WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::text::regclass
        AND d.classid = 'pg_class'::regclass AND d.deptype = 'i')
    SELECT a.attname::text, l.sequence::regclass::text,
           EXISTS (SELECT FROM pg_catalog.pg_index i
                   WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indisvalid
                     AND i.indpred IS NULL)
    FROM links l
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.relation AND a.attnum = l.place
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = l.sequence AND q.seqincrement > 0
    WHERE a.attname = ANY ($2::text[])";

/// Moves the sequences of the columns above their largest numbers, if `moves` says so, or warns of
/// those that are behind. Otherwise the next row that takes its number from there fails.
pub(crate) fn follow(ctx: &Context, session: &Session, plan: &Plan, moves: bool) -> Result<()> {
    let whole = [Type::INT2, Type::INT4, Type::INT8];
    let counted = plan.columns.iter().filter(|fed| whole.contains(&fed.target.native));
    let names: Vec<_> = counted.map(|fed| fed.target.name.clone()).collect();
    let table = plan.relation.to_string();
    let found = session.wait(session.client.query(SEQUENCES, &[&table, &names]))?;
    for row in found {
        let (name, sequence, is_indexed): (String, String, bool) =
            (row.get(0), row.get(1), row.get(2));
        // Reading a table as a whole for a warning would cost more than it is worth.
        if moves || is_indexed {
            follow_one(ctx, session, plan, moves, &name, &sequence)?;
        }
    }
    Ok(())
}

fn follow_one(
    ctx: &Context,
    session: &Session,
    plan: &Plan,
    moves: bool,
    name: &str,
    sequence: &str,
) -> Result<()> {
    let (table, column) = (&plan.relation, identifier(name));
    let behind = format!(
        "FROM (SELECT max({column})::bigint AS most FROM {table}) AS t, {sequence} AS s \
         WHERE t.most > s.last_value OR t.most = s.last_value AND NOT s.is_called"
    );
    let change = format!("setval({}, t.most)", literal(sequence));
    let answer = if moves { &change } else { "t.most" };
    session.run("SAVEPOINT sequence")?;
    let sql = format!("SELECT {answer} {behind}");
    let result = session.wait(session.client.query_opt(&sql, &[]));
    let why = match result {
        Ok(Some(row)) if !moves => format!("the largest number there is {}", row.get::<_, i64>(0)),
        Ok(_) => return Ok(()),
        Err(error) => {
            session.run("ROLLBACK TO SAVEPOINT sequence")?;
            // Who can only add rows cannot look at them, either.
            if !moves {
                return Ok(());
            }
            error.message
        }
    };
    ctx.warn(format!(
        "{table}, column {name:?}: its sequence {sequence} may be behind, so that the next row which \
         takes its number from there fails as a duplicate: {why}; run SELECT \
         setval({}, max({column})) FROM {table}",
        literal(sequence)
    ));
    Ok(())
}
