//! Changes of a table, so that it can take the rows.

use mysql_common::{Session, identifier};
use osiris_sdk::{Context, DataType, Result, Schema};

use crate::config::Config;
use crate::create::{Types, collation, decimals};
use crate::holds::Holds;
use crate::target::{Target, TargetColumn};

/// Digits of a DECIMAL, at most.
const MAX_DIGITS: i16 = 65;
/// Those of them after the point, at most.
const MAX_SCALE: i16 = 30;

/// Changes `table`, which is the target or a copy of it, as far as the step may.
/// Columns that the table still lacks are an error later.
pub(crate) fn change(
    ctx: &Context,
    config: &Config,
    schema: &Schema,
    session: &mut Session,
    target: &Target,
    table: &str,
) -> Result<()> {
    let allowed = config.changes();
    if !target.is_table() {
        // The columns of a view are those of its query.
        return Ok(());
    }
    let mut statements = Vec::new();
    if allowed.widens() {
        statements.extend(widen(session, schema, target, table)?);
    }
    let new = target.lacks(schema);
    if !new.is_empty() && allowed.adds_columns() {
        let collation = collation(session)?;
        statements.push(Types::new(config, &collation).add(table, &new)?);
    }
    for sql in statements {
        ctx.info(&sql);
        session.run(&sql)?;
    }
    Ok(())
}

/// Returns the statement that gives columns types that hold more.
fn widen(
    session: &mut Session,
    schema: &Schema,
    target: &Target,
    table: &str,
) -> Result<Option<String>> {
    let wider: Vec<_> = schema
        .fields
        .iter()
        .filter_map(|field| {
            let column = target.written(&field.name)?;
            Some((column, wider(&field.data_type, column)?))
        })
        .collect();
    if wider.is_empty() {
        return Ok(None);
    }
    let quoted = identifier(table);
    let shown = session.texts(&format!("SHOW CREATE TABLE {quoted}"))?;
    let shown = shown.into_iter().flatten().nth(1).flatten().unwrap_or_default();
    let changes: Vec<_> = wider
        .into_iter()
        .filter_map(|(column, wide)| {
            let name = identifier(&column.name);
            let rest = attributes(&shown, &name, &column.column_type)?;
            // A default of the present time has as many digits as its column.
            let is_now = rest.to_uppercase().contains("CURRENT_TIMESTAMP");
            (!is_now).then(|| format!("MODIFY COLUMN {name} {wide}{rest}"))
        })
        .collect();
    Ok((!changes.is_empty()).then(|| format!("ALTER TABLE {quoted} {}", changes.join(", "))))
}

/// Returns what follows the type of a column in its definition, such as
/// ` NOT NULL AUTO_INCREMENT`.
fn attributes<'a>(definition: &'a str, name: &str, column_type: &str) -> Option<&'a str> {
    definition.lines().find_map(|line| {
        let rest = line.trim_start().strip_prefix(name)?.strip_prefix(' ')?;
        let (of, rest) = rest.split_at_checked(column_type.len())?;
        of.eq_ignore_ascii_case(column_type).then(|| rest.strip_suffix(',').unwrap_or(rest))
    })
}

/// Returns a type that holds all values of a column's type, and more of those of
/// the source; none if there is no such type, or no need of it.
fn wider(source: &DataType, column: &TargetColumn) -> Option<String> {
    use DataType as D;
    let declared = &column.column_type;
    if declared.contains("ZEROFILL") {
        return None;
    }
    let base = declared.split([' ', '(']).next().unwrap_or_default();
    let unsigned = if declared.contains("UNSIGNED") { " UNSIGNED" } else { "" };
    match (&column.holds, source) {
        (Holds::Whole, D::Decimal128(precision, scale)) if *scale > 0 => {
            let (scale, precision) = (i16::from(*scale), i16::from(*precision));
            decimal(digits(bits(base)).max(precision - scale), scale, unsigned)
        }
        (Holds::Whole, _) => {
            let (size, is_signed) = integer(source)?;
            // A column of signed integers needs a bit more.
            let needed = if unsigned.is_empty() && !is_signed { 2 * size } else { size };
            let wide = match needed {
                16 => "SMALLINT",
                32 => "INT",
                64 => "BIGINT",
                _ => return None,
            };
            (needed > bits(base)).then(|| format!("{wide}{unsigned}"))
        }
        (Holds::Decimal(scale), _) => {
            let scale = i16::from(*scale);
            let (_, precision) = declared.split_once('(')?;
            let precision: i16 = precision.split([',', ')']).next()?.trim().parse().ok()?;
            let (more_whole, more_scale) = match source {
                D::Decimal128(precision, scale) => {
                    let (precision, scale) = (i16::from(*precision), i16::from(*scale));
                    (precision - scale, scale.max(0))
                }
                _ => (digits(integer(source)?.0), 0),
            };
            let whole = precision - scale;
            if more_whole <= whole && more_scale <= scale {
                return None;
            }
            decimal(whole.max(more_whole), scale.max(more_scale), unsigned)
        }
        (Holds::Real { single: true, .. }, D::Float64 | D::Int32 | D::Int64)
        | (Holds::Real { single: true, .. }, D::UInt32 | D::UInt64)
        | (Holds::Real { single: false, decimals: Some(_) }, D::Float32 | D::Float64) => {
            Some(format!("DOUBLE{unsigned}"))
        }
        (Holds::Real { single: true, decimals: Some(_) }, D::Float32) => {
            Some(format!("FLOAT{unsigned}"))
        }
        (Holds::Date, D::Timestamp(unit, None)) => Some(format!("DATETIME({})", decimals(*unit))),
        (Holds::DateTime { decimals: few, .. }, D::Timestamp(unit, _))
        | (Holds::Timestamp { decimals: few }, D::Timestamp(unit, _))
        | (Holds::Time { decimals: few }, D::Time32(unit) | D::Time64(unit)) => {
            let more = decimals(*unit);
            (more > *few).then(|| format!("{base}({more})"))
        }
        _ => None,
    }
}

/// Returns the bits of an integer type, and whether it has negative numbers.
fn integer(source: &DataType) -> Option<(u32, bool)> {
    use DataType as D;
    Some(match source {
        D::Int8 => (8, true),
        D::Int16 => (16, true),
        D::Int32 => (32, true),
        D::Int64 => (64, true),
        D::UInt8 => (8, false),
        D::UInt16 => (16, false),
        D::UInt32 => (32, false),
        D::UInt64 => (64, false),
        _ => return None,
    })
}

/// Returns the bits of a type of the server.
fn bits(base: &str) -> u32 {
    match base {
        "TINYINT" => 8,
        "SMALLINT" => 16,
        "MEDIUMINT" => 24,
        "INT" => 32,
        _ => 64,
    }
}

/// Returns the digits of integers of so many bits.
fn digits(bits: u32) -> i16 {
    match bits {
        8 => 3,
        16 => 5,
        24 => 8,
        32 => 10,
        _ => 20,
    }
}

fn decimal(whole: i16, scale: i16, unsigned: &str) -> Option<String> {
    let precision = whole + scale;
    (precision <= MAX_DIGITS && scale <= MAX_SCALE)
        .then(|| format!("DECIMAL({precision},{scale}){unsigned}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_attributes_are_parsed() {
        let shown = "CREATE TABLE `t` (\n  `a``b` int(10) unsigned NOT NULL AUTO_INCREMENT,\n  \
             `c` decimal(5,2) DEFAULT 1.50 COMMENT 'a, b',\n  `d` date DEFAULT NULL\n)";
        let of = |name, column_type| attributes(shown, name, column_type);
        assert_eq!(of("`a``b`", "INT(10) UNSIGNED"), Some(" NOT NULL AUTO_INCREMENT"));
        assert_eq!(of("`c`", "DECIMAL(5,2)"), Some(" DEFAULT 1.50 COMMENT 'a, b'"));
        assert_eq!(of("`d`", "DATE"), Some(" DEFAULT NULL"));
        assert_eq!(of("`d`", "TIME"), None);
        assert_eq!(of("`e`", "DATE"), None);
    }
}
