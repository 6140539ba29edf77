//! The names of types in a configuration.

use osiris_sdk::{DataType, TimeUnit};

/// The types that `dtype` knows, for the text of an error.
pub(crate) const NAMES: &str = "str, bool, int8 to int64, uint8 to uint64, float32, float64, \
                                decimal(precision,scale), date, time, timestamp, timestamptz";

/// The type of that name. Names of pandas, SQL and Arrow are understood.
pub(crate) fn parse(name: &str) -> Option<DataType> {
    let name = name.trim().to_ascii_lowercase();
    let (base, arguments) = match name.split_once(['(', '[']) {
        Some((base, rest)) => (base.trim_end(), Some(rest.strip_suffix([')', ']'])?)),
        None => (name.as_str(), None),
    };
    let arguments: Vec<&str> =
        arguments.map(|list| list.split(',').map(str::trim).collect()).unwrap_or_default();
    match (base, arguments.as_slice()) {
        ("decimal" | "decimal128" | "numeric", arguments) => decimal(arguments),
        ("timestamp" | "datetime" | "datetime64", arguments) => timestamp(arguments),
        ("timestamptz", []) => Some(DataType::Timestamp(TimeUnit::Microsecond, utc())),
        ("timestamptz", [unit]) => Some(DataType::Timestamp(parse_unit(unit)?, utc())),
        (base, []) => plain(base),
        _ => None,
    }
}

/// Returns the name of a type in a configuration.
pub(crate) fn name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Utf8 => "str",
        DataType::Bool => "bool",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Date32 => "date",
        DataType::Time64(_) => "time",
        DataType::Decimal128(precision, scale) => return format!("decimal({precision},{scale})"),
        DataType::Timestamp(unit, zone) => {
            let name = if zone.is_some() { "timestamptz" } else { "timestamp" };
            return format!("{name}({})", unit_name(*unit));
        }
        other => return other.to_string(),
    };
    name.to_owned()
}

fn plain(name: &str) -> Option<DataType> {
    Some(match name {
        "str" | "string" | "text" | "object" | "utf8" | "varchar" => DataType::Utf8,
        "bool" | "boolean" => DataType::Bool,
        "int8" | "tinyint" => DataType::Int8,
        "int16" | "smallint" => DataType::Int16,
        "int32" => DataType::Int32,
        "int64" | "int" | "integer" | "bigint" => DataType::Int64,
        "uint8" => DataType::UInt8,
        "uint16" => DataType::UInt16,
        "uint32" => DataType::UInt32,
        "uint64" | "uint" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" | "float" | "double" | "number" => DataType::Float64,
        "date" | "date32" => DataType::Date32,
        "time" | "time64" => DataType::Time64(TimeUnit::Microsecond),
        _ => return None,
    })
}

fn decimal(arguments: &[&str]) -> Option<DataType> {
    let (precision, scale) = match arguments {
        [precision] => (precision.parse().ok()?, 0),
        [precision, scale] => (precision.parse().ok()?, scale.parse().ok()?),
        _ => return None,
    };
    let valid = (1..=38).contains(&precision) && (0..=precision as i8).contains(&scale);
    valid.then_some(DataType::Decimal128(precision, scale))
}

fn timestamp(arguments: &[&str]) -> Option<DataType> {
    match arguments {
        [] => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
        [unit] => Some(DataType::Timestamp(parse_unit(unit)?, None)),
        [unit, zone] if *zone == "utc" => Some(DataType::Timestamp(parse_unit(unit)?, utc())),
        _ => None,
    }
}

fn parse_unit(name: &str) -> Option<TimeUnit> {
    Some(match name {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    })
}

fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

fn utc() -> Option<String> {
    Some("UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_and_aliases_parse() {
        let zoned = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".to_owned()));
        for (name, data_type) in [
            ("int", DataType::Int64),
            ("Int64", DataType::Int64),
            ("STRING", DataType::Utf8),
            ("decimal(10, 2)", DataType::Decimal128(10, 2)),
            ("numeric(5)", DataType::Decimal128(5, 0)),
            ("datetime64[ns]", DataType::Timestamp(TimeUnit::Nanosecond, None)),
            ("datetime64[ns, UTC]", zoned.clone()),
            ("timestamptz(ns)", zoned),
        ] {
            assert_eq!(parse(name), Some(data_type.clone()), "{name}");
            if !name.contains("UTC") {
                assert_eq!(parse(&super::name(&data_type)), Some(data_type), "{name}");
            }
        }
        for name in [
            "",
            "decimal",
            "decimal(39,2)",
            "decimal(5,6)",
            "decimal(5,2",
            "timestamp(h)",
            "int(3)",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
