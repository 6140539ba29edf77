//! Schemas to and from arrow-rs.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema as arrow;

use super::{DataType, Field, Schema, TimeUnit};
use crate::{Error, Result};

/// Drops the metadata of the schema itself, which the contract does not have.
impl TryFrom<&arrow::Schema> for Schema {
    type Error = Error;

    fn try_from(schema: &arrow::Schema) -> Result<Self> {
        Ok(Self { fields: fields(&schema.fields)? })
    }
}

impl From<&Schema> for arrow::Schema {
    fn from(schema: &Schema) -> Self {
        let fields: Vec<_> = schema.fields.iter().map(arrow::Field::from).collect();
        Self::new(fields)
    }
}

impl TryFrom<&arrow::Field> for Field {
    type Error = Error;

    fn try_from(field: &arrow::Field) -> Result<Self> {
        let data_type = DataType::try_from(field.data_type())
            .map_err(|error| error.context(format_args!("column {:?}", field.name())))?;
        let mut metadata: Vec<_> =
            field.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        // Sorted, because a hash map has no order and the same field must always convert the same
        // way.
        metadata.sort();
        Ok(Self { name: field.name().clone(), data_type, nullable: field.is_nullable(), metadata })
    }
}

impl From<&Field> for arrow::Field {
    fn from(field: &Field) -> Self {
        let metadata: HashMap<_, _> = field.metadata.iter().cloned().collect();
        Self::new(&field.name, (&field.data_type).into(), field.nullable).with_metadata(metadata)
    }
}

impl TryFrom<&arrow::DataType> for DataType {
    type Error = Error;

    fn try_from(data_type: &arrow::DataType) -> Result<Self> {
        use arrow::DataType as A;
        Ok(match data_type {
            A::Null => Self::Null,
            A::Boolean => Self::Bool,
            A::Int8 => Self::Int8,
            A::Int16 => Self::Int16,
            A::Int32 => Self::Int32,
            A::Int64 => Self::Int64,
            A::UInt8 => Self::UInt8,
            A::UInt16 => Self::UInt16,
            A::UInt32 => Self::UInt32,
            A::UInt64 => Self::UInt64,
            A::Float32 => Self::Float32,
            A::Float64 => Self::Float64,
            A::Utf8 => Self::Utf8,
            A::Binary => Self::Binary,
            A::Date32 => Self::Date32,
            A::Time32(unit) => Self::Time32((*unit).into()),
            A::Time64(unit) => Self::Time64((*unit).into()),
            A::Timestamp(unit, zone) => {
                Self::Timestamp((*unit).into(), zone.as_deref().map(str::to_owned))
            }
            A::Decimal128(precision, scale) => Self::Decimal128(*precision, *scale),
            A::List(item) => Self::List(Box::new(item.as_ref().try_into()?)),
            A::Struct(parts) => Self::Struct(fields(parts)?),
            other => {
                return Err(Error::unsupported(format!(
                    "arrow-rs type {other} is none of the SDK's; cast the column first"
                )));
            }
        })
    }
}

impl From<&DataType> for arrow::DataType {
    fn from(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null,
            DataType::Bool => Self::Boolean,
            DataType::Int8 => Self::Int8,
            DataType::Int16 => Self::Int16,
            DataType::Int32 => Self::Int32,
            DataType::Int64 => Self::Int64,
            DataType::UInt8 => Self::UInt8,
            DataType::UInt16 => Self::UInt16,
            DataType::UInt32 => Self::UInt32,
            DataType::UInt64 => Self::UInt64,
            DataType::Float32 => Self::Float32,
            DataType::Float64 => Self::Float64,
            DataType::Utf8 => Self::Utf8,
            DataType::Binary => Self::Binary,
            DataType::Date32 => Self::Date32,
            DataType::Time32(unit) => Self::Time32((*unit).into()),
            DataType::Time64(unit) => Self::Time64((*unit).into()),
            DataType::Timestamp(unit, zone) => {
                Self::Timestamp((*unit).into(), zone.as_deref().map(Arc::from))
            }
            DataType::Decimal128(precision, scale) => Self::Decimal128(*precision, *scale),
            DataType::List(item) => Self::List(Arc::new(item.as_ref().into())),
            DataType::Struct(parts) => Self::Struct(parts.iter().map(arrow::Field::from).collect()),
        }
    }
}

impl From<arrow::TimeUnit> for TimeUnit {
    fn from(unit: arrow::TimeUnit) -> Self {
        match unit {
            arrow::TimeUnit::Second => Self::Second,
            arrow::TimeUnit::Millisecond => Self::Millisecond,
            arrow::TimeUnit::Microsecond => Self::Microsecond,
            arrow::TimeUnit::Nanosecond => Self::Nanosecond,
        }
    }
}

impl From<TimeUnit> for arrow::TimeUnit {
    fn from(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Second => Self::Second,
            TimeUnit::Millisecond => Self::Millisecond,
            TimeUnit::Microsecond => Self::Microsecond,
            TimeUnit::Nanosecond => Self::Nanosecond,
        }
    }
}

fn fields(fields: &arrow::Fields) -> Result<Vec<Field>> {
    fields.iter().map(|field| field.as_ref().try_into()).collect()
}
