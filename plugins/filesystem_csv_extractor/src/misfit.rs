//! A value that its column cannot hold, and why.

use osiris_sdk::{DataType, Error, Field};

use crate::dtype;
use crate::fill::{Column, Origin};
use crate::options::Options;
use crate::parse::float::{self, Float, Inexact};
use crate::plan::Plan;
use crate::source::Source;
use crate::split::Block;

/// A value that its column cannot hold.
pub(crate) struct MisfitValue {
    column: usize,
    offset: u64,
    value: Vec<u8>,
}

impl MisfitValue {
    /// The one in that row of a block.
    pub(crate) fn new(index: usize, column: &Column, block: &Block<'_>, row: usize) -> Self {
        let field = block.column(column.place).nth(row).unwrap_or_default();
        let value = block.value(block.unquote(field)).into_owned();
        Self { column: index, offset: block.offset_of(row), value }
    }

    /// The error, which names the line and what would read the value.
    pub(crate) fn explain(self, source: &Source, plan: &Plan, options: &Options) -> Error {
        let column = &plan.columns[self.column];
        let field = &plan.schema.fields[self.column];
        let name = &field.name;
        let (why, hint) = match column.origin {
            Origin::Declared => self.declared(field, column, options),
            Origin::Dates => dates(field, &self.value),
            Origin::Values => (
                format!(
                    "it is not {} any more; the file has changed while it was read",
                    dtype::name(&field.data_type)
                ),
                None,
            ),
            Origin::Sample => (
                format!(
                    "it is not {}, which the first {} rows are, or not written like them; without \
                     `infer_rows` all values decide the type",
                    dtype::name(&field.data_type),
                    plan.rows
                ),
                None,
            ),
        };
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Error::data(format!(
            "{path} line {line}: column {name:?} cannot hold {value:?}: {why}{hint}; `dtype: \
             {{{name:?}: str}}` reads the column as text",
            path = source.path,
            line = source.line(Some(self.offset)),
            value = shorten(&self.value),
        ))
    }

    fn declared(
        &self,
        field: &Field,
        column: &Column,
        options: &Options,
    ) -> (String, Option<String>) {
        let data_type = &field.data_type;
        let type_name = dtype::name(data_type);
        if let Some(format) = &column.format {
            return (
                format!("it is not {type_name} as `date_format` {:?} says", format.as_str()),
                None,
            );
        }
        let is_not = format!("it is not {type_name}");
        let hint = match data_type {
            DataType::Float32 => return self.float::<f32>(&type_name, options),
            DataType::Float64 => return self.float::<f64>(&type_name, options),
            DataType::Bool => Some("`true_values` and `false_values` name other words".to_owned()),
            DataType::Timestamp(_, Some(_)) if is_iso(&self.value) => {
                Some("`timestamp` reads times without an offset".to_owned())
            }
            DataType::Timestamp(_, None) if is_iso(&self.value) => {
                Some("`timestamptz` reads times with an offset".to_owned())
            }
            DataType::Timestamp(..) | DataType::Date32 | DataType::Time64(_) => {
                Some(format_hint(&field.name))
            }
            DataType::Decimal128(..) | DataType::Int64 => separators(&self.value),
            _ => None,
        };
        (is_not, hint)
    }

    fn float<F: Float>(&self, type_name: &str, options: &Options) -> (String, Option<String>) {
        let text = self.value.trim_ascii();
        let plain = options.reading.notation.plain(text);
        let found = plain.as_deref().map_or(Err(Inexact::NoNumber), float::exact::<F>);
        match found {
            Ok(_) | Err(Inexact::NoNumber) => {
                (format!("it is not {type_name}"), separators(&self.value))
            }
            Err(Inexact::Large) => (format!("it is larger than any {type_name}"), None),
            Err(Inexact::Small) => {
                (format!("it is nearer to zero than any {type_name} but zero"), None)
            }
            Err(Inexact::Rounded(nearest)) => (
                format!("the nearest {type_name} is {nearest}"),
                Some(
                    "`float: nearest` rounds, and a decimal such as `decimal(38,10)` does not"
                        .to_owned(),
                ),
            ),
        }
    }
}

/// The reason that a value is not one of a column of `parse_dates`.
fn dates(field: &Field, value: &[u8]) -> (String, Option<String>) {
    let moment = crate::parse::moment(value.trim_ascii());
    let why = match (&field.data_type, moment) {
        (DataType::Timestamp(_, Some(_)), Some(_)) => {
            "it has no offset, but the first time of the column has one"
        }
        (DataType::Timestamp(_, None), Some(moment)) if moment.offset.is_some() => {
            "it has an offset, but the first time of the column has none"
        }
        (DataType::Date32, Some(_)) => {
            "it has a time, but the rows that the type was found from have none"
        }
        (_, Some(_)) => "it does not fit the column's type",
        (_, None) => "it is no date or time as ISO 8601 writes them, which `parse_dates` says",
    };
    let hint = match moment {
        Some(_) => None,
        None => Some(format_hint(&field.name)),
    };
    (why.to_owned(), hint)
}

fn format_hint(name: &str) -> String {
    format!("`date_format: {{{name:?}: \"%d/%m/%Y\"}}` reads other ways of writing them")
}

fn is_iso(value: &[u8]) -> bool {
    crate::parse::moment(value.trim_ascii()).is_some()
}

/// The options for a number with a comma.
fn separators(value: &[u8]) -> Option<String> {
    let number = value.iter().all(|byte| byte.is_ascii_digit() || b" .,'+-".contains(byte));
    (number && value.iter().any(|byte| b",' ".contains(byte))).then(|| {
        "`decimal: \",\"` reads a decimal comma, and `thousands` groups of digits".to_owned()
    })
}

/// A value short enough for a message.
pub(crate) fn shorten(value: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(value);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}
