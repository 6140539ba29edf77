//! Input tables of a step and their names in the driver.

use std::collections::HashMap;

use osiris_core::canonical;
use osiris_core::contract::Mode;

use super::{Manifest, Step};

/// An input table of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// The table's name in the driver: `df_<step>`.
    pub name: String,
    /// Id of the step that produces the table.
    pub from: String,
}

impl Manifest {
    /// Returns the input tables of a step, in the order of its `needs`.
    pub fn inputs(&self, step: &Step) -> Vec<Input> {
        let makes_table = |id: &&String| {
            self.steps.iter().any(|other| other.id == **id && other.mode != Mode::Write)
        };
        let from: Vec<&str> = step.needs.iter().filter(makes_table).map(String::as_str).collect();
        let named = names(&from).into_iter().zip(&from);
        named.map(|(name, from)| Input { name, from: (*from).to_owned() }).collect()
    }
}

/// Returns the names of these steps' tables in a driver: `df_` and the id, with everything but
/// `[0-9A-Za-z_]` replaced by `_`, and a `_` before a leading digit. Ids that would share a name
/// each get `_` and 8 hex digits of their own sha256.
pub fn names(ids: &[&str]) -> Vec<String> {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for id in ids {
        *uses.entry(sanitized(id)).or_default() += 1;
    }
    let name = |id: &&str| {
        let base = sanitized(id);
        match uses[&base] {
            1 => format!("df_{base}"),
            _ => format!("df_{base}_{}", &canonical::sha256(id)[..8]),
        }
    };
    ids.iter().map(name).collect()
}

fn sanitized(id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let text: String = id.chars().map(safe).collect();
    if text.starts_with(|first: char| first.is_ascii_digit()) { format!("_{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_names_are_safe_and_unique() {
        let table = [
            ("extract-movies", "df_extract_movies"),
            ("123movies", "df__123movies"),
            ("step@123#test", "df_step_123_test"),
        ];
        for (id, expected) in table {
            assert_eq!(names(&[id]), [expected]);
        }
        let clash = names(&["a-b", "a_b", "c"]);
        assert_eq!(clash[2], "df_c");
        assert_ne!(clash[0], clash[1]);
        assert!(clash[..2].iter().all(|name| name.starts_with("df_a_b_") && name.len() == 15));
    }
}
