//! The step's configuration, as it is written.

use std::collections::BTreeMap;

use csv_common::{Compression, Encoding};
use serde::Deserialize;
use serde_json::Value;

/// What `spec.yaml` describes, field by field.
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
    /// How the text is encoded.
    #[serde(default)]
    pub encoding: Encoding,
    /// Whether there is a header, or which row it is.
    #[serde(default)]
    pub header: Header,
    /// Names for the columns, in place of the header's.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// Which columns to read, in this order.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Lines to drop at the start.
    #[serde(default)]
    pub skip_rows: u64,
    /// Rows to read, at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Whether texts may be dates.
    #[serde(default)]
    pub parse_dates: ParseDates,
    /// Types of columns.
    #[serde(default)]
    pub dtype: BTreeMap<String, String>,
    /// Fields that mean a missing value.
    #[serde(default)]
    pub na_values: Vec<Value>,
    /// Whether an empty line is no row.
    #[serde(default = "yes")]
    pub skip_blank_lines: bool,
    /// What a line begins with that is no row.
    #[serde(default)]
    pub comment: Option<String>,
    /// How the file is compressed.
    #[serde(default)]
    pub compression: Compression,
    /// Rows that types are found from; all of them by default.
    #[serde(default)]
    pub infer_rows: Option<u64>,
    /// Rows in a batch; as many as fit by default.
    #[serde(default)]
    pub chunk_size: Option<u64>,
}

/// Where the header is.
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

/// Which columns may hold dates.
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

fn comma() -> String {
    ",".to_owned()
}

fn quote() -> String {
    "\"".to_owned()
}

fn yes() -> bool {
    true
}
