//! Aligned columns.

use osiris_core::sanitize::escape_control;
use unicode_width::UnicodeWidthStr;

use super::cut;
use super::style::{BOLD, paint};

/// Maximum width of a column for alignment. Otherwise one long cell from a driver would make
/// every row as long.
const WIDEST: usize = 120;

/// Maximum characters of a cell.
const LONGEST: usize = 1000;

/// Rows of cells under a heading.
pub(crate) struct Table {
    /// The heading, and whether the column holds numbers and is right-aligned.
    columns: Vec<(String, bool)>,
    rows: Vec<Vec<(String, anstyle::Style)>>,
}

impl Table {
    /// Creates a table with these columns. Columns with the prefix `#` hold numbers.
    pub(crate) fn new<const N: usize>(columns: [&'static str; N]) -> Self {
        let column = |name: &'static str| match name.strip_prefix('#') {
            Some(name) => (name.to_owned(), true),
            None => (name.to_owned(), false),
        };
        Self { columns: columns.into_iter().map(column).collect(), rows: Vec::new() }
    }

    /// Creates a table whose columns have these names, which are escaped.
    pub(crate) fn of(names: impl IntoIterator<Item = String>) -> Self {
        let safe = |name: String| (escape_control(&cut(&name, LONGEST)).into_owned(), false);
        Self { columns: names.into_iter().map(safe).collect(), rows: Vec::new() }
    }

    /// Appends a row, escaping its cells.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.styled(cells.map(|cell| (cell, anstyle::Style::new())));
    }

    /// Appends a row of styled cells.
    pub(crate) fn styled(&mut self, cells: impl IntoIterator<Item = (String, anstyle::Style)>) {
        let safe = cells
            .into_iter()
            .map(|(text, style)| (escape_control(&cut(&text, LONGEST)).into_owned(), style));
        self.rows.push(safe.collect());
    }

    /// Formats the lines, each indented by two spaces.
    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|index| {
                let cells = self.rows.iter().filter_map(|row| row.get(index));
                let widest = cells.map(|(text, _)| text.width()).max().unwrap_or(0);
                widest.max(self.columns[index].0.width()).min(WIDEST)
            })
            .collect();
        let heading: Vec<_> = self.columns.iter().map(|(name, _)| (name.clone(), BOLD)).collect();
        let mut text = String::new();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for (index, ((cell, style), width)) in row.iter().zip(&widths).enumerate() {
                let space = " ".repeat(width.saturating_sub(cell.width()));
                let cell = paint(*style, cell);
                line.push_str("  ");
                match self.columns[index].1 {
                    true => line.extend([space.as_str(), &cell]),
                    false => line.extend([cell.as_str(), &space]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_columns_are_aligned() {
        let mut table = Table::new(["Step", "#Rows"]);
        table.row(["read".to_owned(), "7".to_owned()]);
        table.row(["日本\x07".to_owned(), "1,000".to_owned()]);
        let text = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(text, "  Step        Rows\n  read           7\n  日本\\u{7}  1,000\n");
    }

    #[test]
    fn long_cell_does_not_widen_other_rows() {
        let mut table = Table::new(["Column", "Type"]);
        table.row(["n".repeat(1 << 20), "int".to_owned()]);
        (0..1000).for_each(|_| table.row(["short".to_owned(), "int".to_owned()]));
        assert!(table.render().len() < 5 * LONGEST + 1000 * 200);
    }
}
