//! From a temporary table into the table itself.

use osiris_sdk::{Context, Error, Result, retry};
use postgres_common::{Session, has_code, identifier, is_conflict};

use crate::locate::locate;
use crate::plan::Plan;

/// A temporary table, which goes away with the transaction.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    plan: &'a Plan,
    keys: &'a [String],
    /// The column with the number of the row.
    pub(crate) number: String,
}

/// The temporary table's name; in the session's own schema, so nothing else is
/// called so.
pub(crate) const NAME: &str = "pg_temp.osiris_stage";

impl<'a> Stage<'a> {
    pub(crate) fn new(plan: &'a Plan, keys: &'a [String]) -> Self {
        let mut number = "row".to_owned();
        while plan.columns.iter().any(|column| column.target.name == number) {
            number.push('_');
        }
        Self { plan, keys, number: identifier(&number) }
    }

    /// Creates it. Columns are those of the table, so that a value that does
    /// not fit is found while rows come in.
    pub(crate) fn create(&self, session: &Session) -> Result<()> {
        let mut columns = vec![format!("{} bigint", self.number)];
        columns.extend(self.plan.columns.iter().map(|column| {
            let native = if column.as_text { "text" } else { &column.target.declared };
            let not_null = if column.target.not_null { " NOT NULL" } else { "" };
            format!("{} {native}{not_null}", identifier(&column.target.name))
        }));
        let columns = columns.join(", ");
        session.run(&format!("CREATE TEMPORARY TABLE osiris_stage ({columns}) ON COMMIT DROP"))?;
        if !self.keys.is_empty() {
            // The server looks for the constraint when it plans: better now than at the end.
            session
                .run(&format!("EXPLAIN {}", self.insert(false)))
                .map_err(|error| self.without_constraint(error))?;
        }
        Ok(())
    }

    /// The statement that fills it.
    pub(crate) fn copy(&self) -> String {
        format!("COPY {NAME} ({}, {}) FROM STDIN (FORMAT binary)", self.number, self.plan.names())
    }

    /// Moves the rows, and returns how many there are.
    pub(crate) fn merge(&self, ctx: &Context, session: &Session) -> Result<u64> {
        session.run(&format!("ANALYZE {NAME}"))?;
        let result = retry(ctx, || match self.attempt(session, false) {
            // A deadlock is undone, locks included, so the same may work now.
            Err(error) if is_conflict(&error) => Err(error),
            result => Ok(result),
        })?;
        match result {
            Err(error) if !self.keys.is_empty() && has_code(&error, "21000") => {
                self.attempt(session, true)
            }
            Err(error) if self.plan.has_text() => Err(locate(session, self, self.plan, error)),
            result => result,
        }
    }

    fn attempt(&self, session: &Session, last_only: bool) -> Result<u64> {
        session.run("SAVEPOINT merge")?;
        let sql = self.insert(last_only);
        session.wait(session.client.execute(&sql, &[])).inspect_err(|_| {
            // If this fails too, so will what comes next.
            let _ = session.run("ROLLBACK TO SAVEPOINT merge");
        })
    }

    /// `last_only`: of rows with the same keys only the last one.
    fn insert(&self, last_only: bool) -> String {
        let values: Vec<_> = self
            .plan
            .columns
            .iter()
            .map(|column| {
                let name = identifier(&column.target.name);
                if column.as_text { format!("{name}::{}", column.target.bare) } else { name }
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
        } else {
            format!(" ON CONFLICT ({keys}) {}", self.update())
        };
        format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {distinct}{} FROM {NAME}{order}\
             {conflict}",
            self.plan.relation,
            self.plan.names(),
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
