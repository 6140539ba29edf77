//! Formats rows of an untrusted table within limits.

use std::fmt::{self, Write};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::Schema;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use osiris_core::redact::Redactor;
use serde_json::{Map, Value};

/// Maximum bytes of a cell.
const MAX_CELL: usize = 1 << 10;
/// Maximum bytes of a column name.
const MAX_NAME: usize = 256;
/// Maximum columns of a row.
const MAX_COLUMNS: usize = 1000;
/// Maximum cells in total.
const MAX_CELLS: usize = 200_000;
/// Maximum bytes of all names and cells.
const MAX_BYTES: usize = 16 << 20;

/// Remaining space for the samples of all datasets.
pub(super) struct Room<'r> {
    redactor: &'r Redactor,
    cells: usize,
    bytes: usize,
}

impl<'r> Room<'r> {
    /// Creates the full space; `redactor` masks secrets.
    pub(super) fn new(redactor: &'r Redactor) -> Self {
        Self { redactor, cells: MAX_CELLS, bytes: MAX_BYTES }
    }

    pub(super) fn is_full(&self) -> bool {
        self.cells == 0 || self.bytes == 0
    }

    /// Returns a text for display and whether it was truncated. Masks first, because half a
    /// secret cannot be recognized.
    fn display_text(&self, text: &str, most: usize) -> (String, bool) {
        let (mut display, end) = self.redactor.redact_prefix(text.as_bytes(), most);
        let cut = end < text.len();
        if cut {
            display.push_str(" ... (cut)");
        }
        (display, cut)
    }

    fn count(&mut self, cells: usize, bytes: usize) {
        self.cells = self.cells.saturating_sub(cells);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Appends the first rows as objects. Values are texts, so that nothing is lost except by
/// truncation. Returns whether anything was truncated.
pub(super) fn objects(
    batch: &RecordBatch,
    most: usize,
    room: &mut Room<'_>,
    rows: &mut Vec<Value>,
) -> bool {
    let (names, names_cut) = names(&batch.schema(), room);
    let mut arrays = Vec::new();
    let cells_cut = cells(batch, most, room, &mut arrays);
    let object = |cells: Vec<Value>| names.iter().cloned().zip(cells).collect::<Map<_, _>>();
    rows.extend(arrays.into_iter().map(|cells| Value::Object(object(cells))));
    names_cut || cells_cut
}

/// Returns the names of the columns, and whether any was truncated or left out.
pub(super) fn names(schema: &Schema, room: &Room<'_>) -> (Vec<String>, bool) {
    let mut cut = schema.fields().len() > MAX_COLUMNS;
    let mut names = Vec::new();
    for (index, field) in schema.fields().iter().enumerate().take(MAX_COLUMNS) {
        let (mut name, was_cut) = room.display_text(field.name(), MAX_NAME);
        if was_cut {
            // Two long names can have the same beginning.
            name.push_str(&format!(" {index}"));
        }
        cut |= was_cut;
        names.push(name);
    }
    (names, cut)
}

/// Appends the first rows as lists of texts and nulls, in the order of the columns. Returns whether
/// anything was truncated.
pub(super) fn cells(
    batch: &RecordBatch,
    most: usize,
    room: &mut Room<'_>,
    rows: &mut Vec<Vec<Value>>,
) -> bool {
    let mut cut = false;
    let columns: Vec<_> =
        batch.columns().iter().take(MAX_COLUMNS).map(|c| Column::new(c)).collect();
    let name_bytes: usize =
        batch.schema().fields().iter().map(|f| f.name().len().min(MAX_NAME)).sum();
    for row in 0..batch.num_rows().min(most) {
        if room.is_full() {
            return true;
        }
        let mut cells = Vec::with_capacity(columns.len());
        let mut bytes = name_bytes;
        for column in &columns {
            let (cell, was_cut) = column.cell(row, room);
            bytes += cell.as_str().map_or(4, str::len);
            cut |= was_cut;
            cells.push(cell);
        }
        room.count(columns.len(), bytes);
        rows.push(cells);
    }
    cut
}

/// The values of one column.
struct Column<'b> {
    array: &'b dyn Array,
    /// The formatter, or the reason why the values cannot be formatted.
    text: Result<ArrayFormatter<'b>, String>,
}

/// Format options for values.
static OPTIONS: FormatOptions<'static> = FormatOptions::new();

impl<'b> Column<'b> {
    fn new(array: &'b dyn Array) -> Self {
        let text = ArrayFormatter::try_new(array, &OPTIONS).map_err(|error| error.to_string());
        Self { array, text }
    }

    fn cell(&self, row: usize, room: &Room<'_>) -> (Value, bool) {
        if self.array.is_null(row) {
            return (Value::Null, false);
        }
        let most = MAX_CELL.saturating_add(room.redactor.lookahead()).saturating_add(1);
        let mut text = Bounded { text: String::new(), most };
        // The formatter returns an error when the text is full.
        let _ = match &self.text {
            Ok(formatter) => write!(text, "{}", formatter.value(row)),
            Err(why) => text.write_str(why),
        };
        let (value, cut) = room.display_text(&text.text, MAX_CELL);
        (value.into(), cut)
    }
}

/// A text of limited size.
struct Bounded {
    text: String,
    most: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.most - self.text.len();
        let end = text.floor_char_boundary(left);
        self.text.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, FixedSizeListArray, NullArray, StringArray, TimestampMicrosecondArray,
        new_null_array,
    };
    use arrow::datatypes::{DataType, Field};

    use super::*;

    fn read_rows(columns: Vec<(String, ArrayRef)>, redactor: &Redactor) -> (Vec<Value>, bool) {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        let mut rows = Vec::new();
        let cut = objects(&batch, 1000, &mut Room::new(redactor), &mut rows);
        (rows, cut)
    }

    fn texts(text: &str) -> ArrayRef {
        Arc::new(StringArray::from(vec![text]))
    }

    #[test]
    fn short_row_is_shown_uncut() {
        let (rows, cut) = read_rows(vec![("a".into(), texts("x"))], &Redactor::default());
        assert_eq!((rows, cut), (vec![serde_json::json!({"a": "x"})], false));
    }

    #[test]
    fn timestamps_are_shown_in_their_time_zone() {
        let noon = TimestampMicrosecondArray::from(vec![1_751_371_200_000_000]);
        for (zone, expected) in [
            ("UTC", "2025-07-01T12:00:00Z"),
            ("Europe/Berlin", "2025-07-01T14:00:00+02:00"),
            ("-05:00", "2025-07-01T07:00:00-05:00"),
        ] {
            let array = Arc::new(noon.clone().with_timezone(zone)) as ArrayRef;
            let (rows, _) = read_rows(vec![("at".into(), array)], &Redactor::default());
            assert_eq!(rows[0]["at"], expected, "{zone}");
        }
    }

    #[test]
    fn huge_null_lists_are_cut_in_time() {
        let field = Arc::new(Field::new("item", DataType::Null, true));
        let many = FixedSizeListArray::new(field, 1 << 20, Arc::new(NullArray::new(1 << 25)), None);
        let columns = (0..8).map(|at| (at.to_string(), Arc::new(many.clone()) as ArrayRef));
        let started = std::time::Instant::now();
        let (rows, cut) = read_rows(columns.collect(), &Redactor::default());
        assert!(cut && rows.len() == 32 && started.elapsed().as_secs() < 5);
        assert!(rows[0]["0"].as_str().unwrap().len() < 2 * MAX_CELL);
    }

    #[test]
    fn long_column_names_do_not_multiply_by_rows() {
        let name = |at: usize| format!("{}{at}", "n".repeat(60_000));
        let empty = new_null_array(&DataType::Null, 1000);
        let columns = (0..2000).map(|at| (name(at), empty.clone())).collect();
        let (rows, cut) = read_rows(columns, &Redactor::default());
        let bytes: usize = rows.iter().map(|row| row.to_string().len()).sum();
        assert!(cut && bytes < 2 * MAX_BYTES, "{bytes}");
        assert_eq!(rows[0].as_object().unwrap().len(), MAX_COLUMNS);
    }

    #[test]
    fn cut_cell_shows_no_partial_secret() {
        let secret = "hunter2hunter2";
        let redactor = Redactor::new([secret.to_owned()]).unwrap();
        for before in MAX_CELL - 20..MAX_CELL + 5 {
            let text = format!("{}{secret} and more", "x".repeat(before));
            let name = format!("{}{secret}", "x".repeat(MAX_NAME - 5));
            let (rows, _) = read_rows(vec![(name, texts(&text))], &redactor);
            assert!(!rows[0].to_string().contains("hunt"), "{before}");
        }
    }
}
