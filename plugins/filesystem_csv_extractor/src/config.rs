//! The step's configuration, as it is written.

use std::collections::BTreeMap;
use std::fmt;

use csv_common::{Compression, Encoding};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The options that `spec.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The file, relative to the project.
    pub path: String,
    /// Between fields.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// Around fields; empty for none.
    #[serde(default = "quote")]
    pub quote: String,
    /// The character that makes a quote inside of a field text.
    #[serde(default)]
    pub escape: Option<String>,
    /// The encoding of the text.
    #[serde(default)]
    pub encoding: Encoding,
    /// The handling of bytes that mean nothing in the encoding.
    #[serde(default)]
    pub encoding_errors: EncodingErrors,
    /// The handling of bytes 0.
    #[serde(default)]
    pub nul: Nul,
    /// The row that names the columns, if there is one.
    #[serde(default)]
    pub header: Header,
    /// Names for the columns, in place of the header's.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// Whether columns get names of their own where the header has none.
    #[serde(default)]
    pub rename_duplicates: bool,
    /// The columns to read, in this order.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Lines to drop at the start.
    #[serde(default)]
    pub skip_rows: u64,
    /// Lines to drop at the end.
    #[serde(default)]
    pub skip_footer: u64,
    /// Rows to read, at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Columns whose texts can be dates.
    #[serde(default)]
    pub parse_dates: ParseDates,
    /// Formats of dates and times, by column.
    #[serde(default)]
    pub date_format: BTreeMap<String, String>,
    /// Types of columns.
    #[serde(default)]
    pub dtype: Types,
    /// The rounding of floats.
    #[serde(default)]
    pub float: FloatMode,
    /// Between the whole part of a number and the rest.
    #[serde(default = "point")]
    pub decimal: String,
    /// Between groups of three digits.
    #[serde(default)]
    pub thousands: Option<String>,
    /// Texts that mean true in a column of type bool.
    #[serde(default)]
    pub true_values: Vec<String>,
    /// Texts that mean false there.
    #[serde(default)]
    pub false_values: Vec<String>,
    /// Texts that mean a missing value.
    #[serde(default)]
    pub na_values: NaValues,
    /// Whether they do so with quotes in a column of text.
    #[serde(default)]
    pub quoted_na: bool,
    /// Whether an empty line is no row; by default unless the table has one
    /// column.
    #[serde(default)]
    pub skip_blank_lines: Option<bool>,
    /// The handling of rows that are longer or shorter than the header.
    #[serde(default)]
    pub ragged_rows: RaggedRows,
    /// The file for rows that are set aside, relative to the project.
    #[serde(default)]
    pub rejects: Option<String>,
    /// The spaces around fields that are no part of them.
    #[serde(default)]
    pub trim: Trim,
    /// Bytes in a field, at most.
    #[serde(default)]
    pub field_limit: Option<u64>,
    /// The first character of a line that is no row.
    #[serde(default)]
    pub comment: Option<String>,
    /// The compression of the file.
    #[serde(default)]
    pub compression: Compression,
    /// The file in a zip archive.
    #[serde(default)]
    pub member: Option<String>,
    /// Rows that types are found from; all of them by default.
    #[serde(default)]
    pub infer_rows: Option<u64>,
    /// Rows in a batch; as many as fit by default.
    #[serde(default)]
    pub chunk_size: Option<u64>,
}

/// The place of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Header {
    /// The first row, or nowhere.
    Present(bool),
    /// That row, from 0; the ones before it are dropped.
    Row(u64),
}

impl Default for Header {
    fn default() -> Self {
        Self::Present(true)
    }
}

/// The columns that may hold dates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ParseDates {
    /// Any, or none.
    Any(bool),
    /// These, for certain.
    Columns(Vec<String>),
}

impl Default for ParseDates {
    fn default() -> Self {
        Self::Any(false)
    }
}

/// Types of columns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Types {
    /// The same for all of them.
    All(String),
    /// By name.
    Columns(BTreeMap<String, String>),
}

impl Default for Types {
    fn default() -> Self {
        Self::Columns(BTreeMap::new())
    }
}

/// Texts that mean a missing value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaValues {
    /// The same in all columns.
    All(Vec<String>),
    /// By the column's name.
    Columns(BTreeMap<String, Vec<String>>),
}

impl Default for NaValues {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

// Not `untagged`, whose errors do not name the text that is none.
impl<'de> Deserialize<'de> for NaValues {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ListOrMap;

        impl<'de> Visitor<'de> for ListOrMap {
            type Value = NaValues;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts, or one for each column by its name")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<NaValues, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(NaValues::All)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NaValues, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(NaValues::Columns)
            }
        }

        from.deserialize_any(ListOrMap)
    }
}

/// The rounding of floats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FloatMode {
    /// A number that the float cannot hold is an error.
    #[default]
    Exact,
    /// It becomes the nearest float.
    Nearest,
}

/// The handling of bytes that mean nothing in the encoding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncodingErrors {
    /// They are an error.
    #[default]
    Error,
    /// U+FFFD stands for them.
    Replace,
}

/// The handling of bytes 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nul {
    /// They are an error.
    #[default]
    Error,
    /// They are left out.
    Drop,
    /// They are text.
    Keep,
}

/// The handling of rows that are longer or shorter than the header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RaggedRows {
    /// They are an error.
    #[default]
    Error,
    /// Short ones end in missing values.
    Pad,
    /// Long ones lose what is beyond the header.
    Cut,
    /// They are left out.
    Skip,
    /// They go to a file of their own.
    Aside,
}

/// The spaces and tabs around a field that are no part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trim {
    /// All are.
    #[default]
    None,
    /// Those before it.
    Start,
    /// Those before and behind it.
    Both,
}

fn point() -> String {
    ".".to_owned()
}

fn comma() -> String {
    ",".to_owned()
}

fn quote() -> String {
    "\"".to_owned()
}
