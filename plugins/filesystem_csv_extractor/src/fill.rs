//! Puts one column of a block into a batch.

use osiris_sdk::{
    BoolBuilder, BytesBuilder, ColumnBuilder, DataType, Field, Primitive, PrimitiveBuilder,
    TimeUnit,
};

use crate::nulls::Nulls;
use crate::parse::{self, short};
use crate::split::Block;

/// A column of the table that is read.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Its name and type.
    pub(crate) field: Field,
    /// Where it stands in the file.
    pub(crate) place: usize,
    /// Who chose the type.
    pub(crate) origin: Origin,
}

/// Who chose the type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration, so values may be written in any usual way.
    Declared,
    /// All of the values.
    Values,
    /// The first of the values, so the others have to be checked.
    Sample,
}

/// A value that the column cannot hold, by its row in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) usize);

/// Adds the values of one column of a block.
pub(crate) fn fill(
    column: &Column,
    block: &Block<'_>,
    nulls: &Nulls,
    builder: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    let cells = Cells { block, place: column.place, nulls };
    let loose = column.origin == Origin::Declared;
    match (builder, &column.field.data_type) {
        (ColumnBuilder::Utf8(to), _) => {
            cells.texts(to);
            Ok(())
        }
        (ColumnBuilder::Bool(to), _) if loose => cells.loose(to, any_bool),
        (ColumnBuilder::Bool(to), _) => cells.values(to, parse::bool_of),
        (ColumnBuilder::Int64(to), _) if loose => cells.loose(to, parse::i64_of),
        (ColumnBuilder::Int64(to), _) => cells.numbers(to, strict(parse::i64_of), |window, len| {
            i64::try_from(short::whole(window, len)?).ok()
        }),
        (ColumnBuilder::UInt64(to), _) if loose => cells.loose(to, parse::u64_of),
        (ColumnBuilder::UInt64(to), _) => cells.numbers(to, strict(parse::u64_of), short::whole),
        (ColumnBuilder::Int8(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::Int16(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::Int32(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::UInt8(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::UInt16(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::UInt32(to), _) => cells.loose(to, narrow),
        (ColumnBuilder::Float32(to), _) => cells.loose(to, parse::f32_of),
        (ColumnBuilder::Float64(to), _) => match column.origin {
            Origin::Declared => cells.loose(to, parse::f64_of),
            Origin::Values => cells.values(to, parse::f64_of),
            Origin::Sample => cells.values(to, exact_f64),
        },
        (ColumnBuilder::Decimal128(to), DataType::Decimal128(precision, scale)) => {
            let parse = |text: &[u8]| parse::decimal(text, *precision, scale.unsigned_abs());
            if loose {
                return cells.loose(to, parse);
            }
            // So short a number has no more digits than any type that is chosen.
            cells.numbers(to, strict(parse), |window, len| {
                short::decimal(window, len, scale.unsigned_abs().into()).map(i128::from)
            })
        }
        (ColumnBuilder::Date32(to), _) => cells.loose(to, parse::date),
        (ColumnBuilder::Time64(to), DataType::Time64(unit)) => {
            cells.loose(to, |text| in_unit(parse::time(text)?, *unit))
        }
        (ColumnBuilder::Timestamp(to), DataType::Timestamp(unit, zone)) => {
            cells.loose(to, |text| timestamp(text, *unit, zone.is_some()))
        }
        // No other type is ever chosen; a value of it could not be read.
        _ => Err(Misfit(0)),
    }
}

/// The fields of one column.
struct Cells<'a> {
    block: &'a Block<'a>,
    place: usize,
    nulls: &'a Nulls,
}

impl Cells<'_> {
    fn texts(&self, to: &mut BytesBuilder) {
        let only_empty = self.nulls.only_empty();
        let quote = self.block.quote();
        for field in self.block.column(self.place) {
            match field.first() {
                None if only_empty => to.push_null(),
                Some(first) if only_empty && Some(*first) != quote => to.push(field),
                _ => {
                    let raw = self.block.unquote(field);
                    if self.nulls.is_null(raw) {
                        to.push_null();
                    } else {
                        to.push(&self.block.value(raw));
                    }
                }
            }
        }
    }

    /// Values that a person may have written, with spaces around them.
    fn loose<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(), Misfit> {
        self.values(to, |text| parse(text.trim_ascii()))
    }

    fn values<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(), Misfit> {
        self.numbers(to, parse, |_, _| None)
    }

    /// Values of which `short` knows those of a few bytes: it gets the bytes
    /// that begin with a field, and the field's length.
    #[inline]
    fn numbers<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
        short: impl Fn(&[u8; short::WIDTH], usize) -> Option<T>,
    ) -> Result<(), Misfit> {
        let only_empty = self.nulls.only_empty();
        for (row, (field, window)) in self.block.windows(self.place).enumerate() {
            // Most fields are plain values: first try, then ask what else it may be.
            let value = if only_empty {
                window.and_then(|window| short(window, field.len())).or_else(|| parse(field))
            } else {
                None
            };
            match value.map(Some).or_else(|| self.value(field, &parse)) {
                Some(Some(value)) => to.push(value),
                Some(None) => to.push_null(),
                None => return Err(Misfit(row)),
            }
        }
        Ok(())
    }

    /// A value, or a missing one; none if it is neither.
    fn value<T>(&self, field: &[u8], parse: impl Fn(&[u8]) -> Option<T>) -> Option<Option<T>> {
        let raw = self.block.unquote(field);
        // Only a text can be empty.
        if raw.text.is_empty() || self.nulls.is_null(raw) {
            return Some(None);
        }
        parse(raw.text).map(Some)
    }
}

/// A builder of values of one type.
trait Push<T> {
    fn push(&mut self, value: T);
    fn push_null(&mut self);
}

impl<T: Primitive> Push<T> for PrimitiveBuilder<T> {
    #[inline(always)]
    fn push(&mut self, value: T) {
        self.push(value);
    }

    fn push_null(&mut self) {
        self.push_null();
    }
}

impl Push<bool> for BoolBuilder {
    #[inline(always)]
    fn push(&mut self, value: bool) {
        self.push(value);
    }

    fn push_null(&mut self) {
        self.push_null();
    }
}

/// Refuses what would be written in another way, like `007`.
#[inline(always)]
fn strict<T>(parse: impl Fn(&[u8]) -> Option<T>) -> impl Fn(&[u8]) -> Option<T> {
    move |text| {
        let whole = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
        // A minus zero has its sign to lose, unless decimals follow.
        let number = parse::canonical(&text[..whole]) || (text.starts_with(b"-0.") && whole == 2);
        if number { parse(text) } else { None }
    }
}

fn any_bool(text: &[u8]) -> Option<bool> {
    if text.eq_ignore_ascii_case(b"true") || text == b"1" {
        Some(true)
    } else if text.eq_ignore_ascii_case(b"false") || text == b"0" {
        Some(false)
    } else {
        None
    }
}

fn narrow<T: TryFrom<i64>>(text: &[u8]) -> Option<T> {
    T::try_from(parse::i64_of(text)?).ok()
}

/// A float that holds all of the digits.
fn exact_f64(text: &[u8]) -> Option<f64> {
    let value = parse::f64_of(text)?;
    let significant = |text: &str| {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    let text = std::str::from_utf8(text).ok()?;
    (significant(text) == significant(&value.to_string())).then_some(value)
}

/// Nanoseconds in a unit, if nothing is lost.
fn in_unit(nanos: i64, unit: TimeUnit) -> Option<i64> {
    let size = 1_000_000_000 / per_second(unit);
    (nanos % size == 0).then_some(nanos / size)
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn timestamp(text: &[u8], unit: TimeUnit, zoned: bool) -> Option<i64> {
    let moment = parse::moment(text)?;
    if moment.offset.is_some() != zoned {
        return None;
    }
    let seconds = moment.seconds - i64::from(moment.offset.unwrap_or(0)) * 60;
    seconds.checked_mul(per_second(unit))?.checked_add(in_unit(moment.nanos.into(), unit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded() {
        assert_eq!(exact_f64(b"0.10"), Some(0.1));
        assert_eq!(exact_f64(b"123456789012345678"), None);
        assert_eq!(exact_f64(b"1e300"), Some(1e300));
        assert_eq!(narrow::<i8>(b"128"), None);
        assert_eq!(narrow::<u8>(b"-1"), None);
        let at = |text: &str, unit, zoned| timestamp(text.as_bytes(), unit, zoned);
        assert_eq!(at("1970-01-01 00:00:01.5", TimeUnit::Second, false), None);
        assert_eq!(at("1970-01-01 00:00:01.5", TimeUnit::Millisecond, false), Some(1_500));
        assert_eq!(at("1970-01-01 01:00:00+01:00", TimeUnit::Second, true), Some(0));
        assert_eq!(at("1970-01-01 01:00:00+01:00", TimeUnit::Second, false), None);
        assert_eq!(at("9999-01-01", TimeUnit::Nanosecond, false), None);
    }

    #[test]
    fn identifiers_do_not_become_numbers() {
        let strict = strict(|text| parse::decimal(text, 18, 2));
        assert_eq!(strict(b"-0.50"), Some(-50));
        assert_eq!(strict(b"007.50"), None);
        assert_eq!(strict(b"-007.50"), None);
        assert_eq!(strict(b"7"), Some(700));
    }
}
