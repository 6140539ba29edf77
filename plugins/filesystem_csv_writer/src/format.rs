//! Dates and times in a format of their own.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::Offset;
use osiris_sdk::{DataType, Error, Field, Result};

use crate::cells::Cells;
use crate::clock::per_second;

/// A format in the directives of `strftime`, such as `%d/%m/%Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format(String);

impl Format {
    /// The format of each field, if the configuration names one.
    pub(crate) fn of_fields(
        formats: &BTreeMap<String, String>,
        fields: &[Field],
    ) -> Result<Vec<Option<Self>>> {
        for (name, format) in formats {
            let Some(field) = fields.iter().find(|field| field.name == *name) else {
                return Err(Error::config(format!("date_format: there is no column {name:?}")));
            };
            let wrong = |why: String| {
                Error::config(format!("date_format of column {name:?}: {format:?}: {why}"))
            };
            let sample = match &field.data_type {
                DataType::Date32 => strtime::format(format, Date::constant(2000, 1, 31)),
                DataType::Time32(_) | DataType::Time64(_) => {
                    strtime::format(format, Time::midnight())
                }
                DataType::Timestamp(_, None) => {
                    strtime::format(format, DateTime::constant(2000, 1, 31, 0, 0, 0, 0))
                }
                DataType::Timestamp(_, Some(_)) => strtime::format(
                    format,
                    &jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
                ),
                other => return Err(wrong(format!("the column is of type {other}"))),
            };
            sample.map_err(|error| wrong(error.to_string()))?;
        }
        Ok(fields.iter().map(|field| formats.get(&field.name).cloned().map(Self)).collect())
    }

    /// The text of a value that is not missing, or why there is none.
    pub(crate) fn text(&self, cells: &Cells<'_>, row: usize) -> Result<String, String> {
        const BEYOND: &str = "it is beyond the years -9999 to 9999";
        let Self(format) = self;
        let text = match cells {
            Cells::Date(days) => {
                let date = date(days[row].into()).ok_or(BEYOND)?;
                strtime::format(format, date)
            }
            Cells::Time(counts, unit) => {
                let (seconds, nanos) = split(counts[row], per_second(*unit));
                strtime::format(format, time(seconds, nanos).ok_or("it is no time of a day")?)
            }
            Cells::Timestamp(counts, unit, zone) => {
                let (seconds, nanos) = split(counts[row], per_second(*unit));
                let local = seconds.saturating_add(i64::from(zone.unwrap_or(0)) * 60);
                let day = date(local.div_euclid(86_400)).ok_or(BEYOND)?;
                let clock = time(local.rem_euclid(86_400), nanos).ok_or(BEYOND)?;
                let moment = DateTime::from_parts(day, clock);
                match zone {
                    None => strtime::format(format, moment),
                    Some(minutes) => {
                        let offset =
                            Offset::from_seconds(i32::from(*minutes) * 60).map_err(|_| BEYOND)?;
                        let zoned = offset.to_time_zone().to_zoned(moment).map_err(|_| BEYOND)?;
                        strtime::format(format, &zoned)
                    }
                }
            }
            _ => return Err("it is no date or time".to_owned()),
        };
        text.map_err(|error| error.to_string())
    }
}

fn split(count: i64, per_second: i64) -> (i64, i64) {
    (count.div_euclid(per_second), count.rem_euclid(per_second) * (1_000_000_000 / per_second))
}

fn date(days: i64) -> Option<Date> {
    let day = csv_common::civil(days);
    let year = i16::try_from(day.year).ok()?;
    Date::new(year, day.month as i8, day.day as i8).ok()
}

fn time(seconds: i64, nanos: i64) -> Option<Time> {
    let (hour, minute) = (i8::try_from(seconds / 3600).ok()?, (seconds / 60 % 60) as i8);
    Time::new(hour, minute, (seconds % 60) as i8, i32::try_from(nanos).ok()?).ok()
}
