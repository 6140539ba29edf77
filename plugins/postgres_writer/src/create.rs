//! A table, or columns, for rows that have none yet.

use osiris_sdk::{DataType, Error, Field, Result};
use postgres_common::{Relation, SQL_TYPE, Session, identifier, map};

use crate::config::Config;
use crate::target::shape;

/// Asks for each of these types whether the database has it.
const KNOWN: &str = "
    SELECT array_agg(name IS NOT NULL AND to_regtype(name) IS NOT NULL ORDER BY place)
    FROM unnest($1::text[]) WITH ORDINALITY AS types (name, place)";

/// Returns the names and types of the columns that hold every value of these fields: those of the
/// step, else those that the fields have in another PostgreSQL database, else the nearest ones.
pub(crate) fn columns<'a>(
    session: &Session,
    config: &Config,
    fields: impl IntoIterator<Item = &'a Field>,
) -> Result<Vec<(String, String)>> {
    let fields: Vec<_> = fields.into_iter().collect();
    let origins = origins(session, &fields)?;
    let columns = fields.into_iter().zip(origins).map(|(field, origin)| {
        let native = config.column_types.get(&field.name).cloned().or(origin);
        let native = native.or_else(|| native_type(&field.data_type)).ok_or_else(|| {
            Error::unsupported(format!(
                "column {:?}: PostgreSQL has no column for {}; make text of it in the query or a \
                 transform",
                field.name, field.data_type
            ))
        })?;
        Ok((field.name.clone(), native))
    });
    columns.collect()
}

/// Returns the type that each field has in the PostgreSQL database that it comes from, if this
/// database has it and it is still the type of the field's values.
fn origins(session: &Session, fields: &[&Field]) -> Result<Vec<Option<String>>> {
    let of = |field: &Field| {
        field.metadata.iter().find(|(key, _)| key == SQL_TYPE).map(|(_, value)| value.clone())
    };
    let mut origins: Vec<_> = fields.iter().map(|field| of(field)).collect();
    if origins.iter().all(Option::is_none) {
        return Ok(origins);
    }
    // A text that is no type at all is an error in the server.
    session.run("SAVEPOINT types")?;
    let known = session.wait(session.client.query_one(KNOWN, &[&origins]));
    let known: Vec<bool> = match known {
        Ok(known) => known.get(0),
        Err(_) => {
            session.run("ROLLBACK TO SAVEPOINT types")?;
            vec![false; fields.len()]
        }
    };
    for (origin, known) in origins.iter_mut().zip(known) {
        origin.take_if(|_| !known);
    }
    let named = fields.iter().zip(&origins);
    let named: Vec<_> =
        named.filter_map(|(field, origin)| Some((field.name.clone(), origin.clone()?))).collect();
    let shape = shape(session, &named)?;
    for (field, origin) in fields.iter().zip(&mut origins) {
        let column = shape.iter().find(|column| column.name == field.name);
        let data_type = column.map(|column| map(&column.native, column.modifier).data_type);
        origin.take_if(|_| data_type.as_ref() != Some(&field.data_type));
    }
    Ok(origins)
}

/// Returns the statement that creates a table of these columns.
pub(crate) fn create(relation: &Relation, columns: &[(String, String)], config: &Config) -> String {
    let list =
        |names: &[String]| names.iter().map(|name| identifier(name)).collect::<Vec<_>>().join(", ");
    let mut parts: Vec<_> =
        columns.iter().map(|(name, native)| format!("{} {native}", identifier(name))).collect();
    let keys = &config.upsert_keys;
    let primary = if config.primary_key.is_empty() { keys } else { &config.primary_key };
    if !primary.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", list(primary)));
    }
    if !keys.is_empty() && keys != primary {
        parts.push(format!("UNIQUE ({})", list(keys)));
    }
    format!("CREATE TABLE {relation} ({})", parts.join(", "))
}

/// Returns the type that holds every value of this one.
pub(crate) fn native_type(data_type: &DataType) -> Option<String> {
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
            return Some(format!("{}[]", native_type(&item.data_type)?));
        }
        DataType::List(_) | DataType::Struct(_) => return None,
    };
    Some(name.to_owned())
}
