//! Format strings of the [Arrow C Data Interface].
//!
//! [Arrow C Data Interface]: https://arrow.apache.org/docs/format/CDataInterface.html

use std::fmt;

use super::data_type::MAX_DIGITS;
use super::{DataType, Field, TimeUnit};
use crate::{Error, Result};

impl TimeUnit {
    fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Millisecond => 'm',
            Self::Microsecond => 'u',
            Self::Nanosecond => 'n',
        }
    }
}

impl DataType {
    /// Returns the format string: `l` is int64, `u` is utf8, `tsu:UTC` a UTC timestamp in
    /// microseconds. Children of a nested type are not part of it.
    ///
    /// ```
    /// use osiris_sdk::{DataType, TimeUnit};
    ///
    /// assert_eq!(DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())).format(), "tsu:UTC");
    /// assert_eq!(DataType::list_of(DataType::Int64).format(), "+l");
    /// ```
    #[must_use]
    pub fn format(&self) -> String {
        match self {
            Self::Null => "n".into(),
            Self::Bool => "b".into(),
            Self::Int8 => "c".into(),
            Self::UInt8 => "C".into(),
            Self::Int16 => "s".into(),
            Self::UInt16 => "S".into(),
            Self::Int32 => "i".into(),
            Self::UInt32 => "I".into(),
            Self::Int64 => "l".into(),
            Self::UInt64 => "L".into(),
            Self::Float32 => "f".into(),
            Self::Float64 => "g".into(),
            Self::Utf8 => "u".into(),
            Self::Binary => "z".into(),
            Self::Date32 => "tdD".into(),
            Self::Time32(unit) | Self::Time64(unit) => format!("tt{}", unit.letter()),
            Self::Timestamp(unit, zone) => {
                format!("ts{}:{}", unit.letter(), zone.as_deref().unwrap_or_default())
            }
            Self::Decimal128(precision, scale) => format!("d:{precision},{scale}"),
            Self::List(_) => "+l".into(),
            Self::Struct(_) => "+s".into(),
        }
    }

    /// Returns the type for a format string and its children.
    ///
    /// ```
    /// use osiris_sdk::{DataType, Kind};
    ///
    /// assert_eq!(DataType::parse("d:10,2", vec![]), Ok(DataType::Decimal128(10, 2)));
    /// assert_eq!(DataType::parse("vu", vec![]).unwrap_err().kind, Kind::Unsupported);
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `unsupported` if the SDK does not support the type, or `data` if
    /// the format is invalid.
    pub fn parse(format: &str, children: Vec<Field>) -> Result<Self> {
        let count = children.len();
        let data_type = match format {
            "+s" => return Ok(Self::Struct(children)),
            "+l" => {
                let [item] = <[Field; 1]>::try_from(children).map_err(|_| {
                    Error::data(format!("a list has one child, this schema gives it {count}"))
                })?;
                return Ok(Self::List(Box::new(item)));
            }
            "n" => Self::Null,
            "b" => Self::Bool,
            "c" => Self::Int8,
            "C" => Self::UInt8,
            "s" => Self::Int16,
            "S" => Self::UInt16,
            "i" => Self::Int32,
            "I" => Self::UInt32,
            "l" => Self::Int64,
            "L" => Self::UInt64,
            "f" => Self::Float32,
            "g" => Self::Float64,
            "u" => Self::Utf8,
            "z" => Self::Binary,
            "tdD" => Self::Date32,
            "tts" => Self::Time32(TimeUnit::Second),
            "ttm" => Self::Time32(TimeUnit::Millisecond),
            "ttu" => Self::Time64(TimeUnit::Microsecond),
            "ttn" => Self::Time64(TimeUnit::Nanosecond),
            _ => parse_parameters(format)?,
        };
        if count > 0 {
            return Err(Error::data(format!(
                "{data_type} has no children, this schema gives it {count}"
            )));
        }
        Ok(data_type)
    }
}

/// Parses formats with parameters: timestamps and decimals.
fn parse_parameters(format: &str) -> Result<DataType> {
    let unknown = || {
        Error::unsupported(format!(
            "Arrow format {format:?} is none of the SDK's types; cast the column first"
        ))
    };
    let (head, parameters) = format.split_once(':').ok_or_else(unknown)?;
    let unit = match head {
        "tss" => TimeUnit::Second,
        "tsm" => TimeUnit::Millisecond,
        "tsu" => TimeUnit::Microsecond,
        "tsn" => TimeUnit::Nanosecond,
        "d" => return parse_decimal(format, parameters),
        _ => return Err(unknown()),
    };
    let zone = (!parameters.is_empty()).then(|| parameters.to_owned());
    Ok(DataType::Timestamp(unit, zone))
}

fn parse_decimal(format: &str, parameters: &str) -> Result<DataType> {
    let bad = || Error::data(format!("Arrow format {format:?} is not a decimal's"));
    let (precision, rest) = parameters.split_once(',').ok_or_else(bad)?;
    let (scale, width) = rest.split_once(',').unwrap_or((rest, "128"));
    let precision = precision.parse().map_err(|_| bad())?;
    let scale = scale.parse().map_err(|_| bad())?;
    if width != "128" {
        return Err(Error::unsupported(format!(
            "decimals are 128 bits wide, not {width}; cast the column first"
        )));
    }
    if !(1..=MAX_DIGITS).contains(&precision) {
        return Err(Error::data(format!(
            "a decimal has a precision of 1 to {MAX_DIGITS} digits, not {precision}"
        )));
    }
    Ok(DataType::Decimal128(precision, scale))
}

/// Formats the type for messages: `int64`, `timestamp[us, UTC]`, `list<utf8>`.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int8 => f.write_str("int8"),
            Self::Int16 => f.write_str("int16"),
            Self::Int32 => f.write_str("int32"),
            Self::Int64 => f.write_str("int64"),
            Self::UInt8 => f.write_str("uint8"),
            Self::UInt16 => f.write_str("uint16"),
            Self::UInt32 => f.write_str("uint32"),
            Self::UInt64 => f.write_str("uint64"),
            Self::Float32 => f.write_str("float32"),
            Self::Float64 => f.write_str("float64"),
            Self::Utf8 => f.write_str("utf8"),
            Self::Binary => f.write_str("binary"),
            Self::Date32 => f.write_str("date32"),
            Self::Time32(unit) => write!(f, "time32[{unit}]"),
            Self::Time64(unit) => write!(f, "time64[{unit}]"),
            Self::Timestamp(unit, None) => write!(f, "timestamp[{unit}]"),
            Self::Timestamp(unit, Some(zone)) => write!(f, "timestamp[{unit}, {zone}]"),
            Self::Decimal128(precision, scale) => write!(f, "decimal128({precision}, {scale})"),
            Self::List(item) => write!(f, "list<{}>", item.data_type),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", field.name, field.data_type)?;
                }
                f.write_str(">")
            }
        }
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Microsecond => "us",
            Self::Nanosecond => "ns",
        })
    }
}
