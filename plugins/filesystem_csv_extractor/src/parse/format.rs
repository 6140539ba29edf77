//! Dates and times in a format of their own.

use csv_common::{Civil, days};
use jiff::fmt::strtime;
use osiris_sdk::{DataType, TimeUnit};

use super::Moment;

/// A format in the directives of `strptime`, such as `%d/%m/%Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Format {
    text: String,
    date: bool,
    time: bool,
    zone: bool,
    epoch: bool,
}

impl Format {
    /// The reason, if the format means nothing.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut format =
            Self { text: text.to_owned(), date: false, time: false, zone: false, epoch: false };
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if character != '%' {
                continue;
            }
            // Flags and widths, such as `%-d`, `%.3f` and `%:z`, do not change the kind.
            let directive = rest.find(|c| c.is_ascii_alphabetic() || *c == '%');
            match directive {
                Some('Y' | 'y' | 'C' | 'G' | 'g' | 'm' | 'b' | 'B' | 'h' | 'd' | 'e' | 'j')
                | Some('D' | 'F' | 'x' | 'U' | 'W' | 'V' | 'u' | 'w' | 'a' | 'A') => {
                    format.date = true;
                }
                Some(
                    'H' | 'I' | 'k' | 'l' | 'M' | 'S' | 'f' | 'N' | 'p' | 'P' | 'R' | 'T' | 'X'
                    | 'r',
                ) => {
                    format.time = true;
                }
                Some('c') => (format.date, format.time) = (true, true),
                Some('z') => format.zone = true,
                Some('s') => format.epoch = true,
                Some('%' | 'n' | 't') => {}
                Some(other) => return Err(format!("{text:?} holds `%{other}`, which is not read")),
                None => return Err(format!("{text:?} ends in `%`")),
            }
        }
        if !format.date && !format.time && !format.epoch {
            return Err(format!(
                "{text:?} holds no directive; write one such as \"%d/%m/%Y\" or \"%Y-%m-%d %H:%M\""
            ));
        }
        if format.epoch && (format.date || format.time) {
            return Err(format!("{text:?} holds `%s`, which is a date and a time already"));
        }
        Ok(format)
    }

    /// The type of what is written so.
    pub(crate) fn data_type(&self) -> DataType {
        let utc = || Some("UTC".to_owned());
        match (self.date, self.time, self.zone) {
            _ if self.epoch => DataType::Timestamp(TimeUnit::Microsecond, utc()),
            (true, true, true) => DataType::Timestamp(TimeUnit::Microsecond, utc()),
            (true, true, false) => DataType::Timestamp(TimeUnit::Microsecond, None),
            (true, false, _) => DataType::Date32,
            (false, ..) => DataType::Time64(TimeUnit::Microsecond),
        }
    }

    /// Returns whether a text of this format can be a value of a type.
    pub(crate) fn fits(&self, data_type: &DataType) -> bool {
        match data_type {
            DataType::Timestamp(_, Some(_)) => self.epoch || (self.date && self.zone),
            DataType::Timestamp(_, None) => self.date && !self.zone,
            DataType::Date32 => self.date && !self.time,
            DataType::Time64(_) => self.time && !self.date,
            _ => false,
        }
    }

    /// As the configuration writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Days since 1970-01-01.
    pub(crate) fn date(&self, text: &[u8]) -> Option<i32> {
        let date = strtime::parse(&self.text, text).ok()?.to_date().ok()?;
        i32::try_from(day(date)?).ok()
    }

    /// Nanoseconds since midnight.
    pub(crate) fn time(&self, text: &[u8]) -> Option<i64> {
        let time = strtime::parse(&self.text, text).ok()?.to_time().ok()?;
        Some(clock(time) * 1_000_000_000 + i64::from(time.subsec_nanosecond()))
    }

    /// A point in time.
    pub(crate) fn moment(&self, text: &[u8]) -> Option<Moment> {
        let found = strtime::parse(&self.text, text).ok()?;
        if self.epoch {
            let seconds = found.timestamp()?.as_second();
            return Some(Moment {
                seconds,
                nanos: 0,
                offset: Some(0),
                canonical: false,
                fine: false,
            });
        }
        let (date, time) = (found.to_date().ok()?, found.to_time().ok()?);
        let offset = match found.offset() {
            // Offsets of seconds are of cities before there were zones.
            Some(offset) if offset.seconds() % 60 == 0 => Some((offset.seconds() / 60) as i16),
            Some(_) => return None,
            None => None,
        };
        Some(Moment {
            seconds: day(date)? * 86_400 + clock(time),
            nanos: u32::try_from(time.subsec_nanosecond()).ok()?,
            offset,
            canonical: false,
            fine: false,
        })
    }
}

fn day(date: jiff::civil::Date) -> Option<i64> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    days(Civil { year: date.year().into(), month, day })
}

fn clock(time: jiff::civil::Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_date_formats_parse() {
        let date = |format: &str, text: &str| Format::new(format).unwrap().date(text.as_bytes());
        for (format, text) in [
            ("%d/%m/%Y", "31/12/2023"),
            ("%d.%m.%y", "31.12.23"),
            ("%m/%d/%Y", "12/31/2023"),
            ("%d-%b-%Y", "31-DEC-2023"),
            ("%b %d, %Y", "Dec 31, 2023"),
            ("%B %-d, %Y", "December 31, 2023"),
            ("%Y%m%d", "20231231"),
        ] {
            assert_eq!(date(format, text), Some(19_722), "{format}");
        }
        assert_eq!(date("%d/%m/%Y", "12/31/2023"), None);
        assert_eq!(date("%d/%m/%Y", "31/12/2023 "), None);
        assert_eq!(date("%d/%m/%Y", "30/02/2023"), None);
        let moment = |format: &str, text: &str| {
            let moment = Format::new(format).unwrap().moment(text.as_bytes())?;
            Some((moment.seconds, moment.nanos, moment.offset))
        };
        assert_eq!(
            moment("%m/%d/%Y, %I:%M %p", "1/2/2023, 12:33 PM"),
            Some((1_672_662_780, 0, None))
        );
        assert_eq!(
            moment("%d.%m.%Y %H:%M:%S%.f %z", "02.01.2023 12:33:00.25 +0130"),
            Some((1_672_662_780, 250_000_000, Some(90)))
        );
        assert_eq!(moment("%s", "1672662780"), Some((1_672_662_780, 0, Some(0))));
        let time = |format: &str, text: &str| Format::new(format).unwrap().time(text.as_bytes());
        assert_eq!(time("%I:%M %p", "01:02 PM"), Some(46_920_000_000_000));
    }

    #[test]
    fn format_directives_determine_the_type() {
        let of = |format: &str| Format::new(format).map(|format| format.data_type());
        let micros = |zone: Option<&str>| {
            DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
        };
        assert_eq!(of("%d/%m/%Y"), Ok(DataType::Date32));
        assert_eq!(of("%d/%m/%Y %H:%M"), Ok(micros(None)));
        assert_eq!(of("%d/%m/%Y %H:%M%z"), Ok(micros(Some("UTC"))));
        assert_eq!(of("%s"), Ok(micros(Some("UTC"))));
        assert_eq!(of("%H:%M"), Ok(DataType::Time64(TimeUnit::Microsecond)));
        for wrong in ["", "dd/mm/yyyy", "%", "%d%", "%Q", "%s %H"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
