//! The splitter against its rules, and against the crate `csv`.

use std::io::Read;

use csv_common::Encoding;
use proptest::prelude::*;

use super::{Dialect, MAX_FIELD, MAX_ROW, Splitter};
use crate::fault::{Fault, What};
use crate::text::TextReader;

/// Fields, and whether they were quoted.
type Rows = Vec<Vec<(String, bool)>>;

const PLAIN: Dialect =
    Dialect { delimiter: b',', quote: Some(b'"'), comment: None, skip_blank_lines: true };

fn split(text: impl Read, dialect: Dialect) -> Result<Rows, Fault> {
    let mut splitter = Splitter::new(TextReader::new(Box::new(text), Encoding::Utf8)?, dialect);
    if splitter.row()?.is_some() {
        splitter.unread_row();
    }
    let mut rows = Vec::new();
    while let Some(block) = splitter.block()? {
        let columns: Vec<Vec<_>> = (0..block.columns())
            .map(|column| {
                let fields = block.column(column).map(|field| block.unquote(field));
                let value = |raw| String::from_utf8_lossy(&block.value(raw)).into_owned();
                fields.map(|raw| (value(raw), raw.quoted)).collect()
            })
            .collect();
        let row = |row: usize| columns.iter().map(|column| column[row].clone()).collect();
        rows.extend((0..block.rows()).map(row));
    }
    Ok(rows)
}

fn texts(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
    let rows = split(text.as_bytes(), dialect).expect("well-formed text");
    rows.into_iter().map(|row| row.into_iter().map(|(text, _)| text).collect()).collect()
}

fn fault(text: &str) -> (u64, String) {
    let fault = split(text.as_bytes(), PLAIN).expect_err("malformed text");
    (fault.offset.expect("an offset"), fault.what.to_string())
}

#[test]
fn quotes_and_their_absence() {
    let rows = split(b"a,\"\",\n\"x\"\"y\",\"1\n2\",5\" disk\n".as_slice(), PLAIN);
    let expected = [
        [("a", false), ("", true), ("", false)],
        [("x\"y", true), ("1\n2", true), ("5\" disk", false)],
    ];
    let rows = rows.expect("well-formed text");
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(
            row.iter().map(|(text, quoted)| (text.as_str(), *quoted)).collect::<Vec<_>>(),
            expected
        );
    }
    assert_eq!(rows.len(), 2);
}

#[test]
fn every_way_to_end_a_line() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "\"1\",2", "", "3,\"4\""].join(end);
        let expected = [["a", "b"], ["1", "2"], ["3", "4"]];
        assert_eq!(texts(&text, PLAIN), expected, "{end:?}");
        assert_eq!(texts(&(text + end), PLAIN), expected, "{end:?}");
    }
}

#[test]
fn blank_lines_and_comments() {
    let kept = Dialect { skip_blank_lines: false, ..PLAIN };
    assert_eq!(texts("a,b\r\n\r\n1,2\r\n", kept), [["a", "b"], ["", ""], ["1", "2"]]);
    assert_eq!(texts("a\n\n\n", kept), [["a"], [""], [""]]);
    let comments = Dialect { comment: Some(b'#'), ..PLAIN };
    let text = "# a \"comment\n#\na,b\n#,,,\n1,C#\n\"#\",#\n# end, \"";
    assert_eq!(texts(text, comments), [["a", "b"], ["1", "C#"], ["#", "#"]]);
    assert!(texts("# only", comments).is_empty());
    assert!(texts("", PLAIN).is_empty());
    assert!(texts("\n\r\n", PLAIN).is_empty());
}

#[test]
fn no_quotes_at_all() {
    let plain = Dialect { quote: None, ..PLAIN };
    assert_eq!(texts("\"a,b\"\n1,\"\n", plain), [["\"a", "b\""], ["1", "\""]]);
}

#[test]
fn what_is_malformed() {
    assert_eq!(fault("a,b\n1,2\n3\n").0, 8);
    assert!(fault("a,b\n1,2,3\n").1.starts_with("3 fields in a table of 2"));
    assert!(fault("a,b\n1\n").1.starts_with("1 field in a table of 2"));
    assert!(fault("a\n\"x\" \n").1.starts_with("field 1 goes on after its closing quote"));
    assert!(fault("a,b\n1,\"x\"y").1.starts_with("field 2 goes on after its closing quote"));
    let (offset, open) = fault("a,b\n1,\"x\n2,3\n");
    assert_eq!(offset, 6);
    assert!(open.starts_with("field 2 opens a quote that is never closed"), "{open}");
}

#[test]
fn limits_hold_before_memory_is_spent() {
    let endless = |text: &'static str| std::io::repeat(b'x').take(1 << 40).chain(text.as_bytes());
    let long = split(endless("\n"), PLAIN).map(|_| ()).expect_err("a long field");
    assert!(matches!(long.what, What::LongField { column: 1, limit: MAX_FIELD }));
    let fields = std::iter::repeat_n(b"x".repeat(1 << 20), 40).collect::<Vec<_>>().join(&b',');
    let wide = split(fields.as_slice(), PLAIN).map(|_| ()).expect_err("a long row");
    assert!(matches!(wide.what, What::LongRow { limit: MAX_ROW }));
    let commas = std::io::repeat(b',').take(1 << 40);
    assert!(matches!(
        split(commas, PLAIN).map(|_| ()).expect_err("commas").what,
        What::Wide { .. }
    ));
    let ragged = b"a,b\n".chain(std::io::repeat(b',').take(1 << 40));
    assert!(matches!(
        split(ragged, PLAIN).map(|_| ()).expect_err("commas").what,
        What::Ragged { .. }
    ));
}

#[test]
fn blocks_join_without_a_seam() {
    // Rows of a length that shares no factor with the buffer's, with structure all over.
    let row = |i: usize| {
        [format!("{i}"), format!("\"x\"\"{}\r\n\"", "y".repeat(i % 37)), "é".repeat(i % 7)]
            .join(",")
    };
    for end in ["\n", "\r\n"] {
        let text: String = (0..40_000).map(|i| row(i) + end).collect();
        let rows = texts(&text, PLAIN);
        assert_eq!(rows.len(), 40_000);
        for (i, row) in rows.iter().enumerate() {
            let quoted = format!("x\"{}\r\n", "y".repeat(i % 37));
            assert_eq!(*row, [format!("{i}"), quoted, "é".repeat(i % 7)]);
        }
    }
}

/// Gives a few bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(into.len());
        self.0.read(&mut into[..len])
    }
}

proptest! {
    #[test]
    fn as_the_csv_crate_does(
        rows in prop::collection::vec(prop::collection::vec("[a-z\",\n\ré ]{0,12}", 3), 1..40),
        crlf: bool,
        always: bool,
        drip in 1usize..80,
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().quote_style(style).terminator(end)
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row)?;
        }
        let text = writer.into_inner().map_err(|e| TestCaseError::fail(e.to_string()))?;
        let found = split(Drip(&text, drip), PLAIN).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        let found: Vec<Vec<String>> =
            found.into_iter().map(|row| row.into_iter().map(|(text, _)| text).collect()).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn nothing_panics(text in "[a,\"\n\r#]{0,200}", comment: bool, blank: bool) {
        let comment = comment.then_some(b'#');
        let dialect = Dialect { comment, skip_blank_lines: blank, ..PLAIN };
        // Whatever it finds, it finds the same in small pieces.
        let whole = split(text.as_bytes(), dialect).map_err(|fault| fault.what.to_string());
        let pieces = split(Drip(text.as_bytes(), 3), dialect).map_err(|fault| fault.what.to_string());
        prop_assert_eq!(whole, pieces);
    }
}
