//! Columns of dates and points in time.

use osiris_sdk::{DataType, TimeUnit};

use crate::fill::offset_name;
use crate::parse::{self, Moment};

/// Seconds since 1970 that nanoseconds in 64 bits reach.
const NANOS_REACH: i64 = i64::MAX / 1_000_000_000;

/// The notation of the dates and times of a column so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    dates: bool,
    times: bool,
    /// The offset of the first point in time.
    offset: Option<Option<i16>>,
    other_offset: bool,
    fine: bool,
    far: bool,
    /// There are values that are neither dates nor points in time.
    others: bool,
}

impl Moments {
    /// Looks at a value, and returns whether the column can still be one of
    /// dates or of points in time that are written as they stand there.
    pub(super) fn observe_canonical(&mut self, text: &[u8]) -> bool {
        if parse::date(text).is_some() {
            self.dates = true;
        } else {
            match parse::moment(text) {
                Some(moment) if moment.canonical => self.add(moment),
                _ => return false,
            }
        }
        !(self.dates && self.times || self.other_offset || self.fine && self.far)
    }

    /// Looks at a value of a column that is known to be one of dates and
    /// times. What is neither is left to the reading of the values.
    pub(super) fn observe(&mut self, text: &[u8]) {
        if parse::date(text).is_some() {
            self.dates = true;
        } else if let Some(moment) = parse::moment(text) {
            self.add(moment);
        } else {
            self.others = true;
        }
    }

    fn add(&mut self, moment: Moment) {
        self.times = true;
        self.fine |= moment.fine;
        self.far |= moment.seconds.abs() >= NANOS_REACH - 86_400;
        self.other_offset |= *self.offset.get_or_insert(moment.offset) != moment.offset;
    }

    /// The column's type. Of points in time the first one says whether they
    /// have an offset: those that differ do not fit.
    pub(super) fn data_type(&self) -> DataType {
        if !self.times && (self.dates || self.others) {
            return DataType::Date32;
        }
        let unit = if self.fine { TimeUnit::Nanosecond } else { TimeUnit::Microsecond };
        let zone = match self.offset.flatten() {
            Some(minutes) if !self.other_offset => Some(offset_name(minutes)),
            Some(_) => Some("UTC".to_owned()),
            None => None,
        };
        DataType::Timestamp(unit, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict(values: &[&str]) -> Option<DataType> {
        let mut moments = Moments::default();
        values.iter().all(|v| moments.observe_canonical(v.as_bytes())).then(|| moments.data_type())
    }

    fn declared(values: &[&str]) -> DataType {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.observe(value.as_bytes()));
        moments.data_type()
    }

    fn micros(zone: Option<&str>) -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
    }

    #[test]
    fn reversible_dates_and_times_are_inferred() {
        assert_eq!(strict(&["2025-01-02", "1999-12-31"]), Some(DataType::Date32));
        assert_eq!(strict(&["2025-01-02 03:04:05", "2025-01-02 03:04:05.678"]), Some(micros(None)));
        assert_eq!(strict(&["2025-01-02 03:04:05+00:00"]), Some(micros(Some("UTC"))));
        assert_eq!(strict(&["2025-01-02 03:04:05-05:30"]), Some(micros(Some("-05:30"))));
        assert_eq!(
            strict(&["2025-01-02 03:04:05.123456789"]),
            Some(DataType::Timestamp(TimeUnit::Nanosecond, None))
        );
        for mixed in [
            ["2025-01-02", "2025-01-02 03:04:05"],
            ["2025-01-02 03:04:05", "2025-01-02 03:04:05+00:00"],
            ["2025-01-02 03:04:05+01:00", "2025-01-02 03:04:05+02:00"],
            ["2025-01-02 03:04:05.123456789", "3000-01-02 03:04:05"],
            ["2025-01-02", "2025-01-02T03:04:05"],
        ] {
            assert_eq!(strict(&mixed), None, "{mixed:?}");
        }
    }

    #[test]
    fn declared_date_columns_accept_mixed_forms() {
        assert_eq!(declared(&["2025-01-02"]), DataType::Date32);
        assert_eq!(declared(&["2025-01-02", "2025-01-02T03:04"]), micros(None));
        assert_eq!(declared(&["2025-01-02T03:04Z", "2025-01-02T03:04+02:00"]), micros(Some("UTC")));
        assert_eq!(declared(&["soon"]), DataType::Date32);
        assert_eq!(declared(&[]), micros(None));
        // The bare date is at fault, and not the value before it.
        assert_eq!(declared(&["2025-01-02 00:00+00:00", "2025-01-02"]), micros(Some("UTC")));
        assert_eq!(declared(&["2025-01-02", "2025-01-02 00:00Z"]), micros(Some("UTC")));
        assert_eq!(declared(&["2025-01-02 00:00", "2025-01-02 00:00Z"]), micros(None));
    }
}
