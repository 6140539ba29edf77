//! The names of columns.

/// The names of columns, one after another in one text: a table may have a
/// hundred thousand of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    text: String,
    /// The end of each name in the text.
    ends: Vec<usize>,
}

impl Names {
    /// Adds a name.
    pub(crate) fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// Number of names.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of that column.
    ///
    /// # Panics
    /// If there are not so many.
    pub(crate) fn get(&self, column: usize) -> &str {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[column]]
    }

    /// All names in their order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|column| self.get(column))
    }
}

impl<T: AsRef<str>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.push(name.as_ref()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stored_separately() {
        let names: Names = ["ab", "", "c"].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["ab", "", "c"]);
        assert_eq!((names.len(), names.get(1), names.get(2)), (3, "", "c"));
        assert_ne!(names, ["a", "b", "c"].into_iter().collect());
        assert!(Names::default().is_empty());
    }
}
