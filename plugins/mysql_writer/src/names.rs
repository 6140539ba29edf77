//! The tables beside the target, and who may use them.

use std::hash::{DefaultHasher, Hash, Hasher};

use mysql_common::{Session, identifier, literal};
use osiris_sdk::{Error, Result};

/// Characters of the table's name that fit into a longer one.
const STEM: usize = 32;

/// The tables beside the target. They are called the same in every run, so that
/// each finds what an earlier one left.
#[derive(Debug)]
pub(crate) struct Names {
    target: String,
    /// The new table until it is whole.
    pub(crate) staging: String,
    /// The old table until it is dropped.
    old: String,
    lock: String,
}

impl Names {
    pub(crate) fn new(database: &str, table: &str) -> Self {
        // This one has fixed keys.
        let mut hasher = DefaultHasher::new();
        (database, table).hash(&mut hasher);
        let hash = hasher.finish();
        let stem: String = table.chars().take(STEM).collect();
        Self {
            target: table.to_owned(),
            staging: format!("{stem}_osiris_new_{:08x}", hash as u32),
            old: format!("{stem}_osiris_old_{:08x}", hash as u32),
            lock: format!("osiris_{hash:016x}"),
        }
    }

    /// Waits until no other run writes the table. The lock ends with the
    /// connection, however that ends.
    pub(crate) fn lock(&self, session: &mut Session, seconds: u32) -> Result<()> {
        let answer = session.texts(&format!("SELECT GET_LOCK('{}', {seconds})", self.lock))?;
        if answer.into_iter().flatten().flatten().any(|got| got == "1") {
            return Ok(());
        }
        Err(Error::timeout(format!(
            "another run has been writing it for {seconds} s; try again when that one is done, or \
             raise `lock_timeout`"
        )))
    }

    /// Drops what a run left that did not come to its end.
    pub(crate) fn clean(&self, session: &mut Session) -> Result<()> {
        let left = session.texts(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_name IN ({}, {})",
            literal(&self.staging),
            literal(&self.old)
        ))?;
        for table in left.into_iter().flatten().flatten() {
            session.run(&format!("DROP TABLE IF EXISTS {}", identifier(&table)))?;
        }
        Ok(())
    }

    /// Puts the new table into place, at once for all who look.
    pub(crate) fn swap(&self, session: &mut Session, replaces: bool) -> Result<()> {
        let [target, staging, old] =
            [&self.target, &self.staging, &self.old].map(|name| identifier(name));
        if !replaces {
            session.run(&format!("RENAME TABLE {staging} TO {target}"))?;
            return Ok(());
        }
        session.run(&format!("RENAME TABLE {target} TO {old}, {staging} TO {target}"))?;
        // The rows are in place, whatever becomes of the old ones; the next run tries again.
        let _ = session.run(&format!("DROP TABLE IF EXISTS {old}"));
        Ok(())
    }
}
