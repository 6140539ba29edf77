//! The step's configuration, once it has been checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::rc::Rc;

use osiris_sdk::{DataType, Error, Result};

use crate::config::{Config, FloatMode, Header, NaValues, ParseDates, RaggedRows, Types};
use crate::dtype;
use crate::nulls::Nulls;
use crate::parse::{Bools, Format, Notation};
use crate::split::{BlankLines, Delimiter, Dialect};

/// Bytes in a field, at most, unless the configuration says otherwise.
const FIELD_LIMIT: u64 = 16 << 20;
/// The same, whatever the configuration says: a batch, which holds at least a
/// row, has 64 MiB at most.
const MAX_FIELD_LIMIT: u64 = 60 << 20;

/// The checked options of a step.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) skip_rows: u64,
    /// The header's row; none if the file has no header.
    pub(crate) header: Option<u64>,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) rename_duplicates: bool,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) limit: u64,
    pub(crate) infer_rows: u64,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) parse_dates: ParseDates,
    /// Types of columns by name, and of those that are not named.
    pub(crate) types: BTreeMap<String, DataType>,
    pub(crate) other_type: Option<DataType>,
    pub(crate) formats: BTreeMap<String, Format>,
    /// Missing values of columns by name, and of those that are not named.
    pub(crate) nulls: BTreeMap<String, Rc<Nulls>>,
    pub(crate) other_nulls: Rc<Nulls>,
    pub(crate) reading: Reading,
    /// The file for rows of another length, if they are set aside.
    pub(crate) rejects: Option<String>,
}

/// The notation of values in the file.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) notation: Notation,
    pub(crate) bools: Bools,
    /// Whether a number that a declared float cannot hold is an error.
    pub(crate) exact_floats: bool,
}

impl Options {
    /// Checks what a JSON Schema cannot.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let (types, other_type) = types(config)?;
        let (nulls, other_nulls) = nulls(config);
        Ok(Self {
            dialect: dialect(config)?,
            skip_rows: config.skip_rows,
            header: match config.header {
                Header::Present(present) => present.then_some(0),
                Header::Row(row) => Some(row),
            },
            names: config.names.clone(),
            rename_duplicates: config.rename_duplicates,
            columns: config.columns.clone(),
            limit: config.limit.unwrap_or(u64::MAX),
            infer_rows: config.infer_rows.unwrap_or(u64::MAX),
            chunk_size: chunk_size(config.chunk_size)?,
            parse_dates: config.parse_dates.clone(),
            formats: formats(config, &types)?,
            types,
            other_type,
            nulls,
            other_nulls,
            reading: Reading {
                notation: notation(config)?,
                bools: bools(config)?,
                exact_floats: config.float == FloatMode::Exact,
            },
            rejects: rejects(config)?,
        })
    }

    /// The names that must be those of columns, each with the option that has
    /// it.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let dates = match &self.parse_dates {
            ParseDates::Columns(columns) => columns.as_slice(),
            ParseDates::Any(_) => &[],
        };
        let types = self.types.keys().map(|name| ("dtype", name));
        let formats = self.formats.keys().map(|name| ("date_format", name));
        let nulls = self.nulls.keys().map(|name| ("na_values", name));
        let dates = dates.iter().map(|name| ("parse_dates", name));
        types.chain(formats).chain(nulls).chain(dates)
    }

    /// The missing values of a column.
    pub(crate) fn nulls_of(&self, name: &str) -> &Rc<Nulls> {
        self.nulls.get(name).unwrap_or(&self.other_nulls)
    }

    /// Number of texts in all columns that only their quotes kept from being
    /// missing.
    pub(crate) fn kept_texts(&self) -> u64 {
        let others = self.nulls.values().map(|nulls| nulls.kept()).sum::<u64>();
        others + self.other_nulls.kept()
    }
}

fn types(config: &Config) -> Result<(BTreeMap<String, DataType>, Option<DataType>)> {
    let parse = |of: &str, name: &str| {
        dtype::parse(name).ok_or_else(|| {
            Error::config(format!("dtype{of}: {name:?} is no type; use {}", dtype::NAMES))
        })
    };
    match &config.dtype {
        Types::All(name) => Ok((BTreeMap::new(), Some(parse("", name)?))),
        Types::Columns(columns) => {
            let types = columns.iter().map(|(column, name)| {
                Ok((column.clone(), parse(&format!(" of column {column:?}"), name)?))
            });
            Ok((types.collect::<Result<_>>()?, None))
        }
    }
}

fn nulls(config: &Config) -> (BTreeMap<String, Rc<Nulls>>, Rc<Nulls>) {
    let nulls = |names: &[String]| Rc::new(Nulls::new(names, config.quoted_na));
    match &config.na_values {
        NaValues::All(names) => (BTreeMap::new(), nulls(names)),
        NaValues::Columns(columns) => {
            let columns = columns.iter().map(|(column, names)| (column.clone(), nulls(names)));
            (columns.collect(), nulls(&[]))
        }
    }
}

fn formats(
    config: &Config,
    types: &BTreeMap<String, DataType>,
) -> Result<BTreeMap<String, Format>> {
    let format = |(column, text): (&String, &String)| {
        let wrong = |why: String| Error::config(format!("date_format of column {column:?}: {why}"));
        let format = Format::new(text).map_err(&wrong)?;
        match types.get(column) {
            Some(found) if !format.fits(found) => Err(wrong(format!(
                "{text:?} does not make a value of type {}, which `dtype` says the column has",
                dtype::name(found)
            ))),
            _ => Ok((column.clone(), format)),
        }
    };
    config.date_format.iter().map(format).collect()
}

fn rejects(config: &Config) -> Result<Option<String>> {
    let parts = |path| Path::new(path).components().filter(|part| *part != Component::CurDir);
    match (config.ragged_rows, &config.rejects) {
        (RaggedRows::Aside, Some(path)) if parts(path).eq(parts(&config.path)) => {
            Err(Error::config("rejects: it is the file that `path` names; name another one"))
        }
        (RaggedRows::Aside, Some(path)) => Ok(Some(path.clone())),
        (RaggedRows::Aside, None) => Err(Error::config(
            "ragged_rows: rows cannot be set aside without a file for them; name one, such as \
             `rejects: rejects.csv`",
        )),
        (_, Some(_)) => Err(Error::config(
            "rejects: no rows are set aside; set `ragged_rows: aside`, or remove `rejects`",
        )),
        (_, None) => Ok(None),
    }
}

fn dialect(config: &Config) -> Result<Dialect> {
    let quote = byte("quote", &config.quote)?;
    let escape = config.escape.as_deref().map_or(Ok(None), |text| byte("escape", text))?;
    let comment = config.comment.as_deref().map_or(Ok(None), |text| byte("comment", text))?;
    let dialect = Dialect {
        delimiter: delimiter(&config.delimiter)?,
        quote,
        // A quote that escapes itself is a doubled one.
        escape: escape.filter(|_| escape != quote && quote.is_some()),
        comment,
        blank_lines: match config.skip_blank_lines {
            None => BlankLines::OneColumn,
            Some(true) => BlankLines::Skip,
            Some(false) => BlankLines::Keep,
        },
        trim: config.trim,
        ragged_rows: config.ragged_rows,
        field_limit: field_limit(config.field_limit)?,
    };
    let in_delimiter =
        |byte: Option<u8>| byte.is_some_and(|byte| dialect.delimiter.as_bytes().contains(&byte));
    let clash = if in_delimiter(quote) {
        Some("delimiter and quote")
    } else if in_delimiter(escape) {
        Some("delimiter and escape")
    } else if in_delimiter(comment) {
        Some("delimiter and comment")
    } else if comment.is_some() && comment == quote {
        Some("quote and comment")
    } else {
        None
    };
    match clash {
        Some(both) => Err(Error::config(format!("{both} are the same character"))),
        None => Ok(dialect),
    }
}

fn delimiter(text: &str) -> Result<Delimiter> {
    let named = match text {
        "" => {
            return Err(Error::config(
                "delimiter: it is empty; write the character in quotes, such as \"|\"",
            ));
        }
        "\\t" | "tab" => "\t",
        text => text,
    };
    if let Some(wrong) = named.chars().find(|c| matches!(c, '\0' | '\r' | '\n')) {
        return Err(Error::config(format!("delimiter: {text:?} cannot hold {wrong:?}")));
    }
    Delimiter::new(named.as_bytes()).ok_or_else(|| {
        Error::config(format!(
            "delimiter: {text:?} has {} bytes; the most is {}",
            text.len(),
            Delimiter::LONGEST
        ))
    })
}

/// One ASCII character; none when the text is empty.
fn byte(field: &str, text: &str) -> Result<Option<u8>> {
    match text.as_bytes() {
        [] => Ok(None),
        b"\\t" => Ok(Some(b'\t')),
        [byte] if byte.is_ascii() && !b"\0\r\n".contains(byte) => Ok(Some(*byte)),
        _ => Err(Error::config(format!("{field}: one ASCII character, but it is {text:?}"))),
    }
}

fn field_limit(bytes: Option<u64>) -> Result<usize> {
    let bytes = bytes.unwrap_or(FIELD_LIMIT);
    if bytes == 0 || bytes > MAX_FIELD_LIMIT {
        return Err(Error::config(format!(
            "field_limit: from 1 to {MAX_FIELD_LIMIT} bytes, but it is {bytes}"
        )));
    }
    Ok(bytes as usize)
}

fn notation(config: &Config) -> Result<Notation> {
    let wrong = |byte: u8| byte.is_ascii_alphanumeric() || b"+-\"".contains(&byte);
    let decimal = byte("decimal", &config.decimal)?;
    let thousands = config.thousands.as_deref().map_or(Ok(None), |text| byte("thousands", text))?;
    match decimal {
        Some(decimal) if thousands == Some(decimal) => {
            Err(Error::config("decimal and thousands are the same character"))
        }
        Some(decimal) if !wrong(decimal) && !thousands.is_some_and(wrong) => {
            Ok(Notation::new(decimal, thousands))
        }
        _ => Err(Error::config(
            "decimal and thousands: one character each that is no letter, digit, sign or quote",
        )),
    }
}

fn bools(config: &Config) -> Result<Bools> {
    let yes: BTreeSet<&String> = config.true_values.iter().collect();
    match config.false_values.iter().find(|text| yes.contains(text)) {
        Some(both) => {
            Err(Error::config(format!("true_values and false_values: {both:?} is in both")))
        }
        None => Ok(Bools::new(&config.true_values, &config.false_values)),
    }
}

fn chunk_size(rows: Option<u64>) -> Result<Option<usize>> {
    match rows {
        None => Ok(None),
        Some(0) => Err(Error::config("chunk_size: at least 1 row")),
        Some(rows) => Ok(Some(usize::try_from(rows).unwrap_or(usize::MAX))),
    }
}
