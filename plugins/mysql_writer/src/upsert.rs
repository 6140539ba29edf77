//! Rows that are changed and not added, of which none may be another one than
//! its key says.

use mysql_common::{MysqlError, identifier};

/// The server's number for a number that is too large.
const OUT_OF_RANGE: u16 = 1690;
/// The largest number of all.
const GUARD: &str = "18446744073709551615";

/// The rows that are changed, and not added.
#[derive(Debug)]
pub(crate) struct Upsert<'a> {
    /// The columns that tell which row is meant.
    pub(crate) keys: &'a [String],
    /// Those for which texts are the same that differ in spaces at their end.
    pub(crate) padded: Vec<String>,
    /// Other indexes by which two rows can meet.
    pub(crate) other_keys: Vec<String>,
}

impl Upsert<'_> {
    /// Returns the part after the values, for columns of these names in SQL.
    pub(crate) fn suffix(&self, names: &[String]) -> String {
        let mut updates: Vec<_> =
            names.iter().map(|name| format!("{name}=VALUES({name})")).collect();
        // The server changes a row that it meets by any unique key. A number that is too large
        // makes it refuse one that has another key than the one that is meant.
        if self.is_guarded()
            && let Some(first) = self.keys.first().map(|key| identifier(key))
        {
            let same: Vec<_> = self.keys.iter().map(|key| self.is_same(key)).collect();
            let guard = format!(
                "{first}=IF({GUARD}+(NOT({})),VALUES({first}),VALUES({first}))",
                same.join(" AND ")
            );
            updates.insert(0, guard);
        }
        format!(" ON DUPLICATE KEY UPDATE {}", updates.join(","))
    }

    /// Returns what is wrong with the row that the server met, if that is what it says.
    pub(crate) fn collision(&self, error: &MysqlError) -> Option<String> {
        let MysqlError::Server { code: OUT_OF_RANGE, message } = error else { return None };
        if !self.is_guarded() || !message.contains(GUARD) {
            return None;
        }
        let mut reasons = Vec::new();
        if !self.other_keys.is_empty() {
            reasons.push(format!(
                "it has other upsert_keys and the same values in the unique key {} (remove that \
                 row, or name the columns of that key in `upsert_keys`)",
                self.other_keys.join(" or ")
            ));
        }
        if !self.padded.is_empty() {
            reasons.push(format!(
                "its key differs in spaces at the end, which the collation of {} does not tell \
                 apart (give the column one that is NO PAD)",
                self.padded.join(" or ")
            ));
        }
        Some(format!("another row would be overwritten: {}", reasons.join(", or ")))
    }

    fn is_guarded(&self) -> bool {
        !self.other_keys.is_empty() || !self.padded.is_empty()
    }

    /// The condition that a row has the key that is meant.
    fn is_same(&self, key: &String) -> String {
        let name = identifier(key);
        if self.padded.contains(key) {
            // Within a text, spaces count.
            return format!("CONCAT({name},'.')<=>CONCAT(VALUES({name}),'.')");
        }
        format!("{name}<=>VALUES({name})")
    }
}
