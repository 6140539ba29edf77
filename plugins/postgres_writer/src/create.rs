//! A table for rows that have none yet.

use osiris_sdk::{DataType, Error, Result, Schema};
use postgres_common::{Relation, identifier};

/// The statement that creates a table for these columns.
pub(crate) fn create(relation: &Relation, schema: &Schema, keys: &[String]) -> Result<String> {
    let mut parts = Vec::with_capacity(schema.fields.len() + 1);
    for field in &schema.fields {
        let native = native(&field.data_type).ok_or_else(|| {
            Error::unsupported(format!(
                "column {:?}: PostgreSQL has no column for {}; make text of it in a step before",
                field.name, field.data_type
            ))
        })?;
        parts.push(format!("{} {native}", identifier(&field.name)));
    }
    if !keys.is_empty() {
        let keys: Vec<_> = keys.iter().map(|key| identifier(key)).collect();
        parts.push(format!("PRIMARY KEY ({})", keys.join(", ")));
    }
    Ok(format!("CREATE TABLE {relation} ({})", parts.join(", ")))
}

/// The type that holds every value of this one.
fn native(data_type: &DataType) -> Option<String> {
    let name = match data_type {
        DataType::Bool => "boolean",
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint",
        DataType::Int32 | DataType::UInt16 => "integer",
        DataType::Int64 | DataType::UInt32 => "bigint",
        DataType::UInt64 => "numeric(20,0)",
        DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        DataType::Null | DataType::Utf8 => "text",
        DataType::Binary => "bytea",
        DataType::Date32 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (i16::from(*precision), i16::from(*scale));
            return Some(format!("numeric({},{})", precision - scale.min(0), scale.max(0)));
        }
        DataType::List(item) if !matches!(item.data_type, DataType::List(_)) => {
            return Some(format!("{}[]", native(&item.data_type)?));
        }
        DataType::List(_) | DataType::Struct(_) => return None,
    };
    Some(name.to_owned())
}
