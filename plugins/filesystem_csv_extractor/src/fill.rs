//! Puts one column of a block into a batch.

use std::rc::Rc;

use csv_common::{BARE, FloatText, INTEGRAL, Integral};
use osiris_sdk::{
    BoolBuilder, BytesBuilder, ColumnBuilder, DataType, Field, Primitive, PrimitiveBuilder,
    TimeUnit,
};

use crate::nulls::Nulls;
use crate::options::Reading;
use crate::parse::{self, Format, float, short};
use crate::split::Block;

/// The reading of a column of the table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The place of the column in the file.
    pub(crate) place: usize,
    /// The source of the type.
    pub(crate) origin: Origin,
    /// The format of dates and times, if not ISO 8601.
    pub(crate) format: Option<Format>,
    /// The texts that are missing values.
    pub(crate) nulls: Rc<Nulls>,
}

/// The source of the type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration, so values may be written in any usual way.
    Declared,
    /// The configuration, but for which of dates and points in time it is.
    Dates,
    /// All of the values.
    Values,
    /// The first of the values, so each of the others must be one that is
    /// written again as it stands there.
    Sample,
}

/// A value that the column cannot hold, by its row in the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) usize);

/// Adds the values of one column of a block.
pub(crate) fn fill(
    field: &Field,
    column: &Column,
    block: &Block<'_>,
    reading: &Reading,
    builder: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    let cells = Cells { block, place: column.place, reading, nulls: &column.nulls };
    match column.origin {
        Origin::Declared | Origin::Dates => declared(field, column, &cells, builder),
        Origin::Values | Origin::Sample => found(field, column.origin, &cells, builder),
    }
}

/// Adds values of a type that the configuration says, however they are written.
fn declared(
    field: &Field,
    column: &Column,
    cells: &Cells<'_>,
    builder: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    let Reading { bools, exact_floats, .. } = cells.reading;
    let format = column.format.as_ref();
    match (builder, &field.data_type) {
        (ColumnBuilder::Utf8(to), _) => {
            cells.texts(to);
            Ok(())
        }
        (ColumnBuilder::Bool(to), _) => cells.loose(to, |text| bools.of(text)),
        (ColumnBuilder::Int64(to), _) => {
            cells.loose_numbers(to, |text| parse::i64_of(whole(text)?))
        }
        (ColumnBuilder::UInt64(to), _) => {
            cells.loose_numbers(to, |text| parse::u64_of(whole(text)?))
        }
        (ColumnBuilder::Int8(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::Int16(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::Int32(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::UInt8(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::UInt16(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::UInt32(to), _) => cells.loose_numbers(to, |text| narrow(whole(text)?)),
        (ColumnBuilder::Float32(to), _) if *exact_floats => {
            cells.loose_numbers(to, |text| float::exact(text).ok())
        }
        (ColumnBuilder::Float32(to), _) => {
            cells.loose_numbers(to, |text| float::nearest(text).ok())
        }
        (ColumnBuilder::Float64(to), _) if *exact_floats => {
            cells.loose_numbers(to, |text| float::exact(text).ok())
        }
        (ColumnBuilder::Float64(to), _) => {
            cells.loose_numbers(to, |text| float::nearest(text).ok())
        }
        (ColumnBuilder::Decimal128(to), DataType::Decimal128(precision, scale)) => {
            cells.loose_numbers(to, |text| parse::decimal(text, *precision, scale.unsigned_abs()))
        }
        (ColumnBuilder::Date32(to), _) => cells.loose(to, |text| match format {
            Some(format) => format.date(text),
            None => parse::date(text),
        }),
        (ColumnBuilder::Time64(to), DataType::Time64(unit)) => cells.loose(to, |text| {
            let time = match format {
                Some(format) => format.time(text),
                None => parse::time(text),
            };
            in_unit(time?, *unit)
        }),
        (ColumnBuilder::Timestamp(to), DataType::Timestamp(unit, zone)) => {
            cells.loose(to, |text| {
                let moment = match format {
                    Some(format) => format.moment(text),
                    None => parse::moment(text),
                };
                timestamp(moment?, *unit, zone.is_some())
            })
        }
        // No other type can be declared; a value of it could not be read.
        _ => Err(Misfit(0)),
    }
}

/// Adds values of a type that was found, which is written as they are.
fn found(
    field: &Field,
    origin: Origin,
    cells: &Cells<'_>,
    builder: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    match (builder, &field.data_type) {
        (ColumnBuilder::Utf8(to), _) => {
            cells.texts(to);
            Ok(())
        }
        (ColumnBuilder::Bool(to), _) => cells.values(to, parse::bool_of),
        (ColumnBuilder::Int64(to), _) => cells.numbers(to, strict(parse::i64_of), |window, len| {
            i64::try_from(short::whole(window, len)?).ok()
        }),
        (ColumnBuilder::UInt64(to), _) => cells.numbers(to, strict(parse::u64_of), short::whole),
        (ColumnBuilder::Float64(to), _) if origin == Origin::Values => {
            cells.numbers(to, parse::f64_of, |_, _| None)
        }
        (ColumnBuilder::Float64(to), _) => {
            let bare = field.metadata.iter().any(|(key, value)| key == INTEGRAL && value == BARE);
            let integral = if bare { Integral::Bare } else { Integral::Dotted };
            let floats = std::cell::RefCell::new(FloatText::default());
            let same = |text: &[u8]| {
                let value = parse::f64_of(text)?;
                (floats.borrow_mut().f64(value, integral).as_bytes() == text).then_some(value)
            };
            cells.numbers(to, same, |_, _| None)
        }
        (ColumnBuilder::Decimal128(to), DataType::Decimal128(precision, scale)) => {
            let scale = usize::from(scale.unsigned_abs());
            let parse = |text: &[u8]| {
                let decimals =
                    text.iter().position(|byte| *byte == b'.').map(|at| text.len() - at - 1);
                // A point without decimals is as much too much.
                let same = decimals == (scale > 0).then_some(scale);
                let value = parse::decimal(text, *precision, scale as u8)?;
                // Zero has no sign.
                (same && (value != 0 || text[0] != b'-')).then_some(value)
            };
            // So short a number has no more digits than any type that is chosen.
            cells.numbers(to, strict(parse), |window, len| {
                short::decimal(window, len, scale).map(i128::from)
            })
        }
        (ColumnBuilder::Date32(to), _) => cells.values(to, parse::date),
        (ColumnBuilder::Timestamp(to), DataType::Timestamp(unit, zone)) => {
            cells.values(to, |text| {
                let moment = parse::moment(text).filter(|moment| moment.canonical)?;
                let same = moment.offset.map(offset_name) == *zone;
                if same { timestamp(moment, *unit, zone.is_some()) } else { None }
            })
        }
        // No other type is ever chosen; a value of it could not be read.
        _ => Err(Misfit(0)),
    }
}

/// The name of the zone of a column whose values have an offset of so many
/// minutes.
pub(crate) fn offset_name(minutes: i16) -> String {
    if minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let size = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", size / 60, size % 60)
}

/// The fields of one column.
struct Cells<'a> {
    block: &'a Block<'a>,
    place: usize,
    reading: &'a Reading,
    nulls: &'a Nulls,
}

impl Cells<'_> {
    fn texts(&self, to: &mut BytesBuilder) {
        let nulls = self.nulls;
        let quote = self.block.quote();
        for field in self.block.column(self.place) {
            if nulls.is_value(field) && field.first().copied() != quote {
                to.push(field);
                continue;
            }
            let raw = self.block.unquote(field);
            let text = self.block.value(raw);
            if nulls.is_null_text(&text, raw.quoted) {
                to.push_null();
            } else {
                to.push(&text);
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

    /// The same, as numbers of the notation that the configuration says.
    fn loose_numbers<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(), Misfit> {
        let notation = self.reading.notation;
        if notation.is_plain() {
            return self.loose(to, parse);
        }
        self.loose(to, |text| parse(&notation.plain(text)?))
    }

    /// Numbers, of which `short` knows those of a few bytes: it gets the bytes
    /// that begin with a field, and the field's length.
    #[inline]
    fn numbers<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
        short: impl Fn(&[u8; short::WIDTH], usize) -> Option<T>,
    ) -> Result<(), Misfit> {
        let notation = self.reading.notation;
        if notation.is_plain() {
            return self.each(to, parse, short);
        }
        self.values(to, |text| parse(&notation.plain(text)?))
    }

    fn values<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(), Misfit> {
        self.each(to, parse, |_, _| None)
    }

    #[inline]
    fn each<T>(
        &self,
        to: &mut impl Push<T>,
        parse: impl Fn(&[u8]) -> Option<T>,
        short: impl Fn(&[u8; short::WIDTH], usize) -> Option<T>,
    ) -> Result<(), Misfit> {
        let nulls = self.nulls;
        let direct = self.block.shows_quotes();
        for (row, (field, window)) in self.block.windows(self.place).enumerate() {
            // Most fields are plain values: first try, then ask what else it may be.
            let value = if direct && nulls.is_value(field) {
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
        let text = self.block.value(self.block.unquote(field));
        if self.nulls.is_null(&text) {
            return Some(None);
        }
        parse(&text).map(Some)
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

/// The digits of a whole number that may be written with decimals, all of them
/// zeros: pandas writes `7.0` where a column has missing values.
fn whole(text: &[u8]) -> Option<&[u8]> {
    match text.iter().position(|byte| *byte == b'.') {
        None => Some(text),
        Some(at) => {
            let (whole, zeros) = (&text[..at], &text[at + 1..]);
            (!zeros.is_empty() && zeros.iter().all(|byte| *byte == b'0')).then_some(whole)
        }
    }
}

fn narrow<T: TryFrom<i64>>(text: &[u8]) -> Option<T> {
    T::try_from(parse::i64_of(text)?).ok()
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

fn timestamp(moment: parse::Moment, unit: TimeUnit, zoned: bool) -> Option<i64> {
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
    fn narrowing_never_rounds() {
        assert_eq!(narrow::<i8>(b"128"), None);
        assert_eq!(narrow::<u8>(b"-1"), None);
        let at = |text: &str, unit, zoned| timestamp(parse::moment(text.as_bytes())?, unit, zoned);
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
