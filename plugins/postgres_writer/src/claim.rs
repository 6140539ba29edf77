//! Tables without rows, into which new rows can go immediately.
//!
//! Rows that replace others wait in a temporary table, as readers see the old rows until the
//! end. If there are no old rows, the new ones can go into the table itself: nobody sees them before
//! the transaction ends, and it needs no lock that a reader waits for.

use osiris_sdk::Result;
use postgres_common::{Relation, Session};

/// Asks whether nothing would happen if the table were emptied, and whether the user may do that.
/// A table whose rows are deleted has a size until VACUUM or TRUNCATE; it would grow with every run.
/// Triggers, rules and foreign keys can make rows wait for other sessions: rows in a temporary table
/// can wait more than once.
const UNUSED: &str = "
    SELECT EXISTS (
      SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_am a ON a.oid = c.relam
      WHERE c.oid = $1::text::regclass AND c.relkind = 'r' AND a.amname = 'heap'
        AND NOT c.relhassubclass AND NOT c.relhasrules AND NOT c.relhastriggers
        AND (has_table_privilege(c.oid, 'TRUNCATE') OR has_table_privilege(c.oid, 'DELETE'))
        AND pg_relation_size(c.oid) = 0)";

/// Returns true if the table has no rows and no other step replaces its rows before this one ends.
/// Does not wait for a step that does.
pub(crate) fn claim(session: &Session, relation: &Relation) -> Result<bool> {
    if !is_unused(session, relation)? {
        return Ok(false);
    }
    session.run("SAVEPOINT claim")?;
    // Two steps cannot have this lock, but those who read and add rows need not wait for it.
    let lock = format!("LOCK TABLE ONLY {relation} IN SHARE UPDATE EXCLUSIVE MODE NOWAIT");
    let is_claimed = session.run(&lock).and_then(|()| is_unused(session, relation));
    if !matches!(is_claimed, Ok(true)) {
        session.run("ROLLBACK TO SAVEPOINT claim")?;
        return Ok(false);
    }
    Ok(true)
}

fn is_unused(session: &Session, relation: &Relation) -> Result<bool> {
    let row = session.wait(session.client.query_one(UNUSED, &[&relation.to_string()]))?;
    Ok(row.get(0))
}
