//! The table that is made for columns of Arrow's types.

use mysql_common::quote;
use osiris_sdk::{DataType, Error, Field, Result, Schema, TimeUnit};

/// Longest text or bytes of a key, in characters: what an index takes.
const KEY: u32 = 255;
/// Digits of a DECIMAL, and those after the point.
const MAX_DIGITS: i16 = 65;

/// `CREATE TABLE`, with the keys as primary key.
pub(crate) fn create(table: &str, schema: &Schema, keys: &[String]) -> Result<String> {
    if schema.fields.is_empty() {
        return Err(Error::data("a table without columns cannot be made in MySQL"));
    }
    let mut parts = Vec::new();
    for field in &schema.fields {
        let is_key = keys.contains(&field.name);
        let null = if field.nullable && !is_key { "NULL" } else { "NOT NULL" };
        let of = column_type(field, is_key)?;
        // Without a default, old servers give a timestamp one of their own.
        let default = match (&field.data_type, null) {
            (DataType::Timestamp(_, Some(_)), "NOT NULL") => " DEFAULT '2000-01-01 00:00:00'",
            _ => "",
        };
        parts.push(format!("{} {of} {null}{default}", quote::name(&field.name)));
    }
    if !keys.is_empty() {
        let keys: Vec<_> = keys.iter().map(|key| quote::name(key)).collect();
        parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    }
    Ok(format!(
        "CREATE TABLE {} ({}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
        quote::name(table),
        parts.join(", ")
    ))
}

/// The type that holds all values of a column as they are.
fn column_type(field: &Field, is_key: bool) -> Result<String> {
    Ok(match &field.data_type {
        DataType::Bool => "BIT(1)".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "TINYINT UNSIGNED".to_owned(),
        DataType::UInt16 => "SMALLINT UNSIGNED".to_owned(),
        DataType::UInt32 => "INT UNSIGNED".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        // Texts that differ are different keys.
        DataType::Utf8 if is_key => format!("VARCHAR({KEY}) COLLATE utf8mb4_bin"),
        DataType::Utf8 | DataType::Null => "LONGTEXT".to_owned(),
        DataType::Binary if is_key => format!("VARBINARY({KEY})"),
        DataType::Binary => "LONGBLOB".to_owned(),
        DataType::Date32 => "DATE".to_owned(),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("TIME({})", decimals(*unit)),
        DataType::Timestamp(unit, None) => format!("DATETIME({})", decimals(*unit)),
        DataType::Timestamp(unit, Some(_)) => format!("TIMESTAMP({})", decimals(*unit)),
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (i16::from(*precision), i16::from(*scale));
            let whole = precision - scale.min(0);
            if whole > MAX_DIGITS {
                return Err(Error::unsupported(format!(
                    "column {:?}: a decimal of {whole} digits, and MySQL has {MAX_DIGITS}; write \
                     it as text",
                    field.name
                )));
            }
            format!("DECIMAL({whole},{})", scale.max(0))
        }
        DataType::List(_) | DataType::Struct(_) => {
            return Err(Error::unsupported(format!(
                "column {:?} is of type {}, which MySQL does not have; make it text or columns of \
                 its own in a step before",
                field.name, field.data_type
            )));
        }
    })
}

/// Digits after the seconds; MySQL has six at most.
fn decimals(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 6,
    }
}
