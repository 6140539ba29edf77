//! The table that is made for columns of Arrow's types.

use std::collections::BTreeMap;

use mysql_common::{Session, identifier};
use osiris_sdk::{DataType, Error, Field, Result, Schema, TimeUnit};

use crate::config::Config;

/// Longest text or bytes of a key, in characters: what servers took at all times.
const KEY: usize = 255;
/// Bytes of an index, all of its columns together.
const INDEX: usize = 3072;
/// Bytes of a character.
const UTF8: usize = 4;
/// Digits of a DECIMAL, and those after the point.
const MAX_DIGITS: i16 = 65;

/// The types of columns that are made.
#[derive(Debug)]
pub(crate) struct Types<'a> {
    /// The columns of the primary key.
    pub(crate) keys: &'a [String],
    /// Types in SQL that the user has chosen.
    pub(crate) chosen: &'a BTreeMap<String, String>,
    /// The collation of texts that are keys.
    pub(crate) collation: &'a str,
}

impl<'a> Types<'a> {
    pub(crate) fn new(config: &'a Config, collation: &'a str) -> Self {
        Self { keys: config.created_key(), chosen: &config.column_types, collation }
    }

    /// Returns `CREATE TABLE`, with the keys as primary key.
    pub(crate) fn create(&self, table: &str, schema: &Schema) -> Result<String> {
        if schema.fields.is_empty() {
            return Err(Error::data("a table without columns cannot be made in MySQL"));
        }
        let length = self.key_length(schema);
        let mut parts = Vec::new();
        for field in &schema.fields {
            parts.push(self.column(field, length)?);
        }
        if !self.keys.is_empty() {
            let keys: Vec<_> = self.keys.iter().map(|key| identifier(key)).collect();
            parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
        }
        Ok(format!(
            "CREATE TABLE {} ({}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
            identifier(table),
            parts.join(", ")
        ))
    }

    /// Returns `ALTER TABLE` with columns that come new. The rows that are there
    /// have no values for them.
    pub(crate) fn add(&self, table: &str, fields: &[Field]) -> Result<String> {
        let parts: Vec<_> = fields
            .iter()
            .map(|field| {
                let field = Field { nullable: true, ..field.clone() };
                Ok(format!("ADD COLUMN {}", self.column(&field, KEY)?))
            })
            .collect::<Result<_>>()?;
        Ok(format!("ALTER TABLE {} {}", identifier(table), parts.join(", ")))
    }

    fn column(&self, field: &Field, length: usize) -> Result<String> {
        let is_key = self.keys.contains(&field.name);
        let null = if field.nullable && !is_key { "NULL" } else { "NOT NULL" };
        let of = match self.chosen.get(&field.name) {
            Some(chosen) => chosen.clone(),
            None => self.column_type(field, is_key, length)?,
        };
        // The comment says to the next run, and to the extractor, that the times are those of UTC.
        let is_utc = matches!(field.data_type, DataType::Timestamp(_, Some(_)))
            && of.to_uppercase().starts_with("DATETIME");
        let comment = if is_utc { " COMMENT 'UTC'" } else { "" };
        Ok(format!("{} {of} {null}{comment}", identifier(&field.name)))
    }

    /// Returns the characters or bytes that each key of texts or bytes may have,
    /// so that all of them fit into an index.
    fn key_length(&self, schema: &Schema) -> usize {
        let keys = schema.fields.iter().filter(|field| self.keys.contains(&field.name));
        let (mut sizes, mut fixed) = (0, 0);
        for field in keys {
            match field.data_type {
                _ if self.chosen.contains_key(&field.name) => {}
                DataType::Utf8 => sizes += UTF8,
                DataType::Binary => sizes += 1,
                // A decimal of 65 digits takes 30.
                DataType::Decimal128(..) => fixed += 30,
                _ => fixed += 8,
            }
        }
        (INDEX.saturating_sub(fixed) / sizes.max(1)).clamp(1, KEY)
    }

    /// The type that holds all values of a column as they are.
    fn column_type(&self, field: &Field, is_key: bool, length: usize) -> Result<String> {
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
            DataType::Utf8 if is_key => format!("VARCHAR({length}) COLLATE {}", self.collation),
            DataType::Utf8 | DataType::Null => "LONGTEXT".to_owned(),
            DataType::Binary if is_key => format!("VARBINARY({length})"),
            DataType::Binary => "LONGBLOB".to_owned(),
            DataType::Date32 => "DATE".to_owned(),
            DataType::Time32(unit) | DataType::Time64(unit) => format!("TIME({})", decimals(*unit)),
            // A TIMESTAMP would end in 2038.
            DataType::Timestamp(unit, _) => format!("DATETIME({})", decimals(*unit)),
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
                     its own in a step before, or name a type that holds it in `column_types`, such \
                     as VECTOR(3) for lists of floats",
                    field.name, field.data_type
                )));
            }
        })
    }
}

/// Returns the collation of texts that are keys: texts that differ, in spaces
/// at the end too, are different keys.
pub(crate) fn collation(session: &mut Session) -> Result<String> {
    let known = session.texts(
        "SELECT collation_name FROM information_schema.collations \
         WHERE collation_name IN ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')",
    )?;
    // Where there is none, a row is refused whose key differs in such spaces only.
    Ok(known.into_iter().flatten().flatten().next().unwrap_or_else(|| "utf8mb4_bin".to_owned()))
}

/// Digits after the seconds; MySQL has six at most.
pub(crate) fn decimals(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 6,
    }
}
