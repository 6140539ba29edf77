//! Finds the value that the server could not read from text.

use osiris_sdk::Error;
use postgres_common::{Session, identifier};

use crate::merge::{NAME, Stage};
use crate::plan::{Fed, Plan};

/// Names the first row whose text has no value of its column's type, or gives
/// the error back if it has another reason.
pub(crate) fn locate(session: &Session, stage: &Stage<'_>, plan: &Plan, error: Error) -> Error {
    let columns = plan.columns.iter().filter(|column| column.as_text);
    let first = columns
        .filter_map(|fed| search(session, stage, fed).map(|row| (row, fed)))
        .min_by_key(|(row, _)| *row);
    let Some((row, fed)) = first else { return error };
    let name = identifier(&fed.target.name);
    let sql = format!("SELECT {name} FROM {NAME} WHERE {} = {row}", stage.number);
    match session.wait(session.client.query_one(&sql, &[])) {
        Ok(found) => plan.misfit(fed, row, found.get(0), &format!("is refused: {error}")),
        Err(_) => error,
    }
}

/// The first row that fails, by halves.
fn search(session: &Session, stage: &Stage<'_>, fed: &Fed) -> Option<i64> {
    let sql = format!("SELECT count(*) FROM {NAME}");
    let count: i64 = session.wait(session.client.query_one(&sql, &[])).ok()?.get(0);
    let (mut good, mut bad) = (0, count);
    if works(session, stage, fed, good, bad) {
        return None;
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if works(session, stage, fed, good, middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(bad)
}

/// Returns true if the rows from behind `good` to `last` can be read.
fn works(session: &Session, stage: &Stage<'_>, fed: &Fed, good: i64, last: i64) -> bool {
    let (name, number) = (identifier(&fed.target.name), &stage.number);
    let sql = format!(
        "SAVEPOINT look; SELECT count({name}::{}) FROM {NAME} WHERE {number} > {good} AND {number} \
         <= {last}",
        fed.target.declared
    );
    let works = session.run(&sql).is_ok();
    // If this fails, the next look fails as well, and the search ends.
    let _ = session.run("ROLLBACK TO SAVEPOINT look");
    works
}
