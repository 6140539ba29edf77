//! From a temporary table into the table itself.

use osiris_sdk::{Context, Error, Result, retry};
use postgres_common::{Relation, Session, has_code, identifier, is_conflict};

use crate::exact::check;
use crate::locate::locate;
use crate::plan::Plan;
use crate::prepare::{Prepared, Table, lock};
use crate::target::find;

/// A temporary table, which goes away with the transaction. All rows come into it first where the
/// table must not be touched yet: readers see the old rows until the end, and do not wait.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    prepared: &'a Prepared,
    plan: &'a Plan,
    keys: &'a [String],
    exact: bool,
    /// The column with the number of the row.
    pub(crate) number: String,
}

/// The temporary table's name; in the session's own schema, so nothing else is
/// called so.
pub(crate) const NAME: &str = "pg_temp.osiris_stage";

/// Columns of a table, at most, in every server.
const MAX_COLUMNS: usize = 1600;

impl<'a> Stage<'a> {
    pub(crate) fn new(prepared: &'a Prepared, keys: &'a [String], exact: bool) -> Self {
        let plan = &prepared.plan;
        let mut number = "row".to_owned();
        while plan.columns.iter().any(|column| column.target.name == number) {
            number.push('_');
        }
        Self { prepared, plan, keys, exact, number: identifier(&number) }
    }

    /// Creates it. Columns are those of the table, so that a value that does
    /// not fit is found while rows come in.
    pub(crate) fn create(&self, session: &Session) -> Result<()> {
        let mut columns = Vec::with_capacity(self.plan.columns.len() + 1);
        if self.is_numbered() {
            if self.plan.columns.len() >= MAX_COLUMNS {
                return Err(Error::unsupported(format!(
                    "{}: rows of {MAX_COLUMNS} columns cannot be numbered in a temporary table, which \
                     upsert and text for columns of other types need; leave a column out in the query \
                     or a transform",
                    self.plan.relation
                )));
            }
            columns.push(format!("{} bigint", self.number));
        }
        columns.extend(self.plan.columns.iter().map(|column| {
            let native = if column.as_text { "text" } else { &column.target.declared };
            let not_null = if column.target.not_null { " NOT NULL" } else { "" };
            format!("{} {native}{not_null}", identifier(&column.target.name))
        }));
        let columns = columns.join(", ");
        session.run(&format!("CREATE TEMPORARY TABLE osiris_stage ({columns}) ON COMMIT DROP"))?;
        if !self.keys.is_empty() && matches!(self.prepared.table, Table::Ready) {
            // The server looks for the constraint when it plans: better now than at the end.
            session
                .run(&format!("EXPLAIN {}", self.insert(false, true)))
                .map_err(|error| self.without_constraint(error))?;
        }
        Ok(())
    }

    /// The statement that fills it. Frozen rows need no second write when they are read, and nobody
    /// else sees them.
    pub(crate) fn copy(&self) -> String {
        let number = if self.is_numbered() { format!("{}, ", self.number) } else { String::new() };
        format!("COPY {NAME} ({number}{}) FROM STDIN (FORMAT binary, FREEZE)", self.plan.names())
    }

    /// Returns true if rows have their number in front: to name those that do not fit, and to tell the
    /// last one of those that share their keys.
    pub(crate) fn is_numbered(&self) -> bool {
        self.plan.has_text() || !self.keys.is_empty()
    }

    /// Moves the rows, and returns how many there are.
    pub(crate) fn merge(&self, ctx: &Context, session: &Session) -> Result<u64> {
        let result = self.checked(ctx, session);
        match result {
            Err(error) if self.plan.has_text() && !is_conflict(&error) => {
                Err(locate(session, self, self.plan, error))
            }
            result => result,
        }
    }

    fn checked(&self, ctx: &Context, session: &Session) -> Result<u64> {
        if self.exact {
            check(session, self, self.plan)?;
        }
        let changes = self.prepared.changes.statements(session, &self.plan.relation)?;
        for statement in &changes {
            ctx.warn(format!("the rows do not fit the table as it is: {statement}"));
        }
        let result = retry(ctx, || match self.attempt(session, &changes, false) {
            // A deadlock is undone, locks included, so the same may work now.
            Err(error) if is_conflict(&error) => Err(error),
            result => Ok(result),
        })?;
        match result {
            Err(error) if !self.keys.is_empty() && has_code(&error, "21000") => {
                self.attempt(session, &changes, true)
            }
            result => result,
        }
    }

    fn attempt(&self, session: &Session, changes: &[String], last_only: bool) -> Result<u64> {
        session.run("SAVEPOINT merge")?;
        let result = self.make_room(session, changes).and_then(|()| {
            let sql = self.insert(last_only, false);
            session.wait(session.client.execute(&sql, &[]))
        });
        result.inspect_err(|_| {
            // If this fails too, so will what comes next.
            let _ = session.run("ROLLBACK TO SAVEPOINT merge");
        })
    }

    /// Makes the table what the rows need.
    fn make_room(&self, session: &Session, changes: &[String]) -> Result<()> {
        let relation = &self.plan.relation;
        match &self.prepared.table {
            Table::Ready => {}
            Table::Anew { statement } => {
                session.run(&format!("DROP TABLE {relation}; {statement}"))?;
            }
            Table::Awaited { statement } => {
                lock(session, relation)?;
                match find(session, relation)? {
                    None => session.run(statement)?,
                    Some(found) => {
                        let is_same = self.plan.columns.iter().all(|column| {
                            let target = &column.target;
                            found.columns.iter().any(|found| {
                                found.name == target.name && found.native == target.native
                            })
                        });
                        if !is_same {
                            return Err(Error::config(format!(
                                "another session has created {relation} meanwhile, with other \
                                 columns; run the step again"
                            )));
                        }
                    }
                }
            }
        }
        if self.prepared.empties {
            empty(session, relation)?;
        }
        changes.iter().try_for_each(|statement| session.run(statement))
    }

    /// `last_only`: of rows with the same keys only the last one. `keys_only`: no other columns.
    fn insert(&self, last_only: bool, keys_only: bool) -> String {
        let columns: Vec<_> = self
            .plan
            .columns
            .iter()
            .filter(|column| !keys_only || self.keys.contains(&column.target.name))
            .collect();
        let names: Vec<_> = columns.iter().map(|column| identifier(&column.target.name)).collect();
        let values: Vec<_> = columns
            .iter()
            .zip(&names)
            .map(|(column, name)| {
                let declared = &column.target.declared;
                if column.as_text { format!("{name}::{declared}") } else { name.clone() }
            })
            .collect();
        let keys: Vec<_> = self.keys.iter().map(|key| identifier(key)).collect();
        let keys = keys.join(", ");
        let (distinct, order) = if last_only {
            (format!("DISTINCT ON ({keys}) "), format!(" ORDER BY {keys}, {} DESC", self.number))
        } else {
            (String::new(), String::new())
        };
        let conflict = if self.keys.is_empty() {
            String::new()
        } else if keys_only {
            format!(" ON CONFLICT ({keys}) DO NOTHING")
        } else {
            format!(" ON CONFLICT ({keys}) {}", self.update())
        };
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {distinct}{} FROM {NAME}{order}\
             {conflict}",
            self.plan.relation,
            names.join(", "),
            values.join(", ")
        )
    }

    fn update(&self) -> String {
        let updates: Vec<_> = self
            .plan
            .columns
            .iter()
            .map(|column| &column.target)
            .filter(|target| !self.keys.contains(&target.name) && !target.identity_always)
            .map(|target| {
                let name = identifier(&target.name);
                format!("{name} = EXCLUDED.{name}")
            })
            .collect();
        if updates.is_empty() {
            "DO NOTHING".to_owned()
        } else {
            format!("DO UPDATE SET {}", updates.join(", "))
        }
    }

    fn without_constraint(&self, error: Error) -> Error {
        if !has_code(&error, "42P10") {
            return error;
        }
        let keys: Vec<_> = self.keys.iter().map(|key| identifier(key)).collect();
        let keys = keys.join(", ");
        Error::config(format!(
            "upsert_keys: {} has no primary key or unique constraint on ({keys}); add one by \
             ALTER TABLE {} ADD UNIQUE ({keys})",
            self.plan.relation, self.plan.relation
        ))
    }
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
