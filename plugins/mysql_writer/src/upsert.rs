//! Rows that are changed and not added, of which none may be another one than
//! its key says.

use mysql_common::{Failure, quote};

/// The server's number for a number that is too large.
const OUT_OF_RANGE: u16 = 1690;
/// The largest number of all.
const GUARD: &str = "18446744073709551615";

/// The rows that are changed, and not added.
#[derive(Debug)]
pub(crate) struct Upsert<'a> {
    /// The columns that tell which row is meant.
    pub(crate) keys: &'a [String],
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
        if !self.other_keys.is_empty()
            && let Some(first) = self.keys.first().map(|key| quote::name(key))
        {
            let same: Vec<_> = self
                .keys
                .iter()
                .map(|key| quote::name(key))
                .map(|key| format!("{key}<=>VALUES({key})"))
                .collect();
            let guard = format!(
                "{first}=IF({GUARD}+(NOT({})),VALUES({first}),VALUES({first}))",
                same.join(" AND ")
            );
            updates.insert(0, guard);
        }
        format!(" ON DUPLICATE KEY UPDATE {}", updates.join(","))
    }

    /// Returns the other unique key by which the server met a row that is not
    /// meant, if that is what it says.
    pub(crate) fn collision(&self, failure: &Failure) -> Option<String> {
        match failure {
            Failure::Server { code: OUT_OF_RANGE, message }
                if !self.other_keys.is_empty() && message.contains(GUARD) =>
            {
                Some(format!(
                    "a row of the table has other upsert_keys and the same values in the unique \
                     key {}, and would be overwritten; remove that row, or name the columns of \
                     that key in `upsert_keys`",
                    self.other_keys.join(" or ")
                ))
            }
            _ => None,
        }
    }
}
