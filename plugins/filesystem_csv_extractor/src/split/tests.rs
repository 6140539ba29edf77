//! The splitter against its rules, and against the crate `csv`.

use std::io::Read;

use csv_common::Encoding;
use proptest::prelude::*;

use super::{BlankLines, Delimiter, Dialect, MAX_ROW, Splitter};
use crate::config::{Nul, RaggedRows, Trim};
use crate::fault::{Fault, What};
use crate::text::{Decoding, TextReader};

/// Fields, and whether they were quoted.
type Rows = Vec<Vec<(String, bool)>>;

const MAX_FIELD: usize = 16 << 20;

const DECODING: Decoding =
    Decoding { encoding: Encoding::Utf8, replace: false, nul: Nul::Error, end: None };

fn plain() -> Dialect {
    Dialect {
        delimiter: Delimiter::new(b",").expect("a delimiter"),
        quote: Some(b'"'),
        escape: None,
        comment: None,
        blank_lines: BlankLines::Skip,
        trim: Trim::None,
        ragged_rows: RaggedRows::Error,
        field_limit: MAX_FIELD,
    }
}

fn split(text: impl Read, dialect: Dialect) -> Result<Rows, Fault> {
    let mut splitter = Splitter::new(TextReader::new(Box::new(text), DECODING)?, dialect);
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
    let fault = split(text.as_bytes(), plain()).expect_err("malformed text");
    (fault.offset.expect("an offset"), fault.what.to_string())
}

#[test]
fn quoted_and_unquoted_fields_are_distinguished() {
    let rows = split(b"a,\"\",\n\"x\"\"y\",\"1\n2\",5\" disk\n".as_slice(), plain());
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
fn every_line_ending_splits_rows() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "\"1\",2", "", "3,\"4\""].join(end);
        let expected = [["a", "b"], ["1", "2"], ["3", "4"]];
        assert_eq!(texts(&text, plain()), expected, "{end:?}");
        assert_eq!(texts(&(text + end), plain()), expected, "{end:?}");
    }
}

#[test]
fn blank_lines_and_comments_follow_the_dialect() {
    let kept = Dialect { blank_lines: BlankLines::Keep, ..plain() };
    assert_eq!(texts("a,b\r\n\r\n1,2\r\n", kept), [["a", "b"], ["", ""], ["1", "2"]]);
    assert_eq!(texts("a\n\n\n", kept), [["a"], [""], [""]]);
    let comments = Dialect { comment: Some(b'#'), ..plain() };
    let text = "# a \"comment\n#\na,b\n#,,,\n1,C#\n\"#\",#\n# end, \"";
    assert_eq!(texts(text, comments), [["a", "b"], ["1", "C#"], ["#", "#"]]);
    assert!(texts("# only", comments).is_empty());
    assert!(texts("", plain()).is_empty());
    assert!(texts("\n\r\n", plain()).is_empty());
}

#[test]
fn quotes_are_text_without_a_quote_character() {
    let quoteless = Dialect { quote: None, ..plain() };
    assert_eq!(texts("\"a,b\"\n1,\"\n", quoteless), [["\"a", "b\""], ["1", "\""]]);
}

#[test]
fn escape_applies_to_quotes_and_itself() {
    let escaped = Dialect { escape: Some(b'\\'), ..plain() };
    let text = r#""2\" seam, blue","a\\",C:\users,"C:\users","x""y""#;
    assert_eq!(
        texts(text, escaped),
        [[r#"2" seam, blue"#, r"a\", r"C:\users", r"C:\users", r#"x"y"#]]
    );
    assert!(split(br#""a\""#.as_slice(), escaped).is_err());
}

#[test]
fn delimiter_may_have_several_bytes() {
    let bars = Dialect { delimiter: Delimiter::new(b"||").expect("two bytes"), ..plain() };
    assert_eq!(
        texts("a||b|c||\"x||y\"\n1||2|||3\n||||\n", bars),
        [["a", "b|c", "x||y"], ["1", "2", "|3"], ["", "", ""]]
    );
    let section = Dialect { delimiter: Delimiter::new("§".as_bytes()).expect("short"), ..plain() };
    assert_eq!(texts("a§b\n", section), [["a", "b"]]);
    // Torn apart by every read.
    let text = "ab||cd\n".repeat(1000);
    let rows = split(Drip(text.as_bytes(), 1), bars).expect("well-formed text");
    assert_eq!(rows.len(), 1000);
}

#[test]
fn spaces_around_fields_are_trimmed() {
    let start = Dialect { trim: Trim::Start, ..plain() };
    let both = Dialect { trim: Trim::Both, ..plain() };
    assert_eq!(texts("a , b\nx, \"y, z\"\n", start), [["a ", "b"], ["x", "y, z"]]);
    assert_eq!(texts(" a ,\tb \n \" x \" , y\n", both), [["a", "b"], [" x ", "y"]]);
    assert_eq!(texts("a,b\n\"x\" , \"y\" ", both), [["a", "b"], ["x", "y"]]);
    assert!(split(b"a,b\n\"x\" ,y\n".as_slice(), start).is_err());
}

#[test]
fn ragged_rows_follow_the_dialect() {
    let with = |ragged_rows| Dialect { ragged_rows, ..plain() };
    let text = "a,b,c\n1,2\n3,4,5\n6,7,8,9\n,\n";
    let short = "a,b,c\n1,2\n3,4,5\n,\n";
    assert_eq!(
        texts(short, with(RaggedRows::Pad)),
        [["a", "b", "c"], ["1", "2", ""], ["3", "4", "5"], ["", "", ""]]
    );
    assert!(split(text.as_bytes(), with(RaggedRows::Pad)).is_err());
    assert_eq!(
        texts("a,b\n1,2,\n3,4,5,6\n", with(RaggedRows::Cut)),
        [["a", "b"], ["1", "2"], ["3", "4"]]
    );
    assert!(split(text.as_bytes(), with(RaggedRows::Cut)).is_err());
    assert_eq!(texts(text, with(RaggedRows::Skip)), [["a", "b", "c"], ["3", "4", "5"]]);
    assert_eq!(texts("a,b\n1", with(RaggedRows::Skip)), [["a", "b"]]);
    // However long a row is that is cut or left out, its fields are not kept.
    let long = "a,b\n".to_owned() + &",".repeat(1 << 20) + "\n1,2\n";
    assert_eq!(texts(&long, with(RaggedRows::Skip)), [["a", "b"], ["1", "2"]]);
    assert_eq!(texts(&long, with(RaggedRows::Cut)).len(), 3);
}

#[test]
fn empty_line_is_a_row_in_a_one_column_table() {
    let one = Dialect { blank_lines: BlankLines::OneColumn, ..plain() };
    assert_eq!(texts("a\nx\n\n\"\"\n\n", one), [["a"], ["x"], [""], [""], [""]]);
    assert_eq!(texts("\r\n\r\na\r\n\r\nb", one), [[""], [""], ["a"], [""], ["b"]]);
    assert_eq!(texts("\na,b\n\n1,2\n\n", one), [["a", "b"], ["1", "2"]]);
}

#[test]
fn malformed_rows_are_rejected_with_position() {
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
fn long_fields_and_rows_are_rejected_before_buffering() {
    let endless = |text: &'static str| std::io::repeat(b'x').take(1 << 40).chain(text.as_bytes());
    let long = split(endless("\n"), plain()).map(|_| ()).expect_err("a long field");
    assert!(matches!(long.what, What::LongField { column: 1, limit: MAX_FIELD }));
    let fields = std::iter::repeat_n(b"x".repeat(1 << 20), 40).collect::<Vec<_>>().join(&b',');
    let wide = split(fields.as_slice(), plain()).map(|_| ()).expect_err("a long row");
    assert!(matches!(wide.what, What::LongRow { limit: MAX_ROW }));
    let commas = std::io::repeat(b',').take(1 << 40);
    assert!(matches!(
        split(commas, plain()).map(|_| ()).expect_err("commas").what,
        What::Wide { .. }
    ));
    let ragged = b"a,b\n".chain(std::io::repeat(b',').take(1 << 40));
    assert!(matches!(
        split(ragged, plain()).map(|_| ()).expect_err("commas").what,
        What::Ragged { .. }
    ));
}

#[test]
fn rows_across_block_borders_are_split_correctly() {
    // Rows of a length that shares no factor with the buffer's, with structure all over.
    let row = |i: usize| {
        [format!("{i}"), format!("\"x\"\"{}\r\n\"", "y".repeat(i % 37)), "é".repeat(i % 7)]
            .join(",")
    };
    for end in ["\n", "\r\n"] {
        let text: String = (0..40_000).map(|i| row(i) + end).collect();
        let rows = texts(&text, plain());
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
    fn splitting_agrees_with_the_csv_crate(
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
        let found = split(Drip(&text, drip), plain()).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        let found: Vec<Vec<String>> =
            found.into_iter().map(|row| row.into_iter().map(|(text, _)| text).collect()).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn splitting_any_text_never_panics(
        text in "[a ,\"\n\r#\\\\]{0,200}", comment: bool, blank: bool, escape: bool,
        delimiter in prop::sample::select(vec![",", ",,", "a,"]),
        trim in prop::sample::select(vec![Trim::None, Trim::Start, Trim::Both]),
        ragged_rows in prop::sample::select(vec![
            RaggedRows::Error, RaggedRows::Pad, RaggedRows::Cut, RaggedRows::Skip,
        ]),
    ) {
        let comment = comment.then_some(b'#');
        let blank_lines = if blank { BlankLines::Skip } else { BlankLines::OneColumn };
        let (escape, delimiter) = (escape.then_some(b'\\'), Delimiter::new(delimiter.as_bytes()).expect("short"));
        let dialect = Dialect { comment, blank_lines, escape, delimiter, trim, ragged_rows, ..plain() };
        // Whatever it finds, it finds the same in small pieces.
        let whole = split(text.as_bytes(), dialect).map_err(|fault| fault.what.to_string());
        let pieces = split(Drip(text.as_bytes(), 3), dialect).map_err(|fault| fault.what.to_string());
        prop_assert_eq!(whole, pieces);
    }
}
