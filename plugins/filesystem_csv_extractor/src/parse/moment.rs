//! Dates, times and points in time, as ISO 8601 writes them.

use csv_common::{Civil, days};

const DAY: i64 = 86_400;

/// A point in time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Whole seconds of the clock that it shows, since 1970-01-01 00:00:00.
    pub(crate) seconds: i64,
    /// The rest.
    pub(crate) nanos: u32,
    /// The difference of that clock from UTC in minutes, if the text has one.
    pub(crate) offset: Option<i16>,
    /// Whether the writer would write the same text.
    pub(crate) canonical: bool,
    /// Whether the time needs nanoseconds to be exact.
    pub(crate) fine: bool,
}

/// Days since 1970-01-01 of a date like `2025-01-31`.
#[inline]
pub(crate) fn date(text: &[u8]) -> Option<i32> {
    let text: &[u8; 10] = text.try_into().ok()?;
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = two(text[0], text[1])? * 100 + two(text[2], text[3])?;
    let (month, day) = (two(text[5], text[6])?, two(text[8], text[9])?);
    let days = days(Civil { year: i64::from(year), month: month as u8, day: day as u8 })?;
    i32::try_from(days).ok()
}

/// Nanoseconds since midnight of a time like `03:04`, `03:04:05` or
/// `03:04:05.678`.
pub(crate) fn time(text: &[u8]) -> Option<i64> {
    let clock = clock(text)?;
    Some(clock.seconds * 1_000_000_000 + i64::from(clock.nanos))
}

/// A point in time: a date, then a space or `T`, a time, and maybe `Z` or an
/// offset. A date alone is its midnight.
pub(crate) fn moment(text: &[u8]) -> Option<Moment> {
    let (day, rest) = text.split_at_checked(10)?;
    let midnight = i64::from(date(day)?) * DAY;
    let [separator @ (b' ' | b'T'), rest @ ..] = rest else {
        let moment =
            Moment { seconds: midnight, nanos: 0, offset: None, canonical: false, fine: false };
        return rest.is_empty().then_some(moment);
    };
    let zone = rest.iter().position(|byte| matches!(byte, b'Z' | b'+' | b'-'));
    let (time, zone) = rest.split_at(zone.unwrap_or(rest.len()));
    let clock = clock(time)?;
    let offset = if zone.is_empty() { None } else { Some(offset(zone)?) };
    Some(Moment {
        seconds: midnight + clock.seconds,
        nanos: clock.nanos,
        offset,
        canonical: clock.canonical
            && *separator == b' '
            && (zone.is_empty() || (zone.len() == 6 && zone != b"-00:00")),
        fine: clock.nanos % 1_000 != 0,
    })
}

struct Clock {
    seconds: i64,
    nanos: u32,
    canonical: bool,
}

fn clock(text: &[u8]) -> Option<Clock> {
    let (hour, minute, rest) = match text {
        [a, b, b':', c, d, rest @ ..] => (two(*a, *b)?, two(*c, *d)?, rest),
        _ => return None,
    };
    let (second, fraction) = match rest {
        [] => (0, None),
        [b':', a, b] => (two(*a, *b)?, None),
        [b':', a, b, b'.', fraction @ ..] => (two(*a, *b)?, Some(fraction)),
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = fraction.map_or(Some(0), nanos)?;
    // Written with 0, 3, 6 or 9 decimals, as few as it takes.
    let decimals = match nanos {
        0 => 0,
        n if n % 1_000_000 == 0 => 3,
        n if n % 1_000 == 0 => 6,
        _ => 9,
    };
    Some(Clock {
        seconds: i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second),
        nanos,
        canonical: !rest.is_empty() && fraction.map_or(0, <[u8]>::len) == decimals,
    })
}

fn nanos(fraction: &[u8]) -> Option<u32> {
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    digits.map(digit).try_fold(0, |nanos, digit| Some(nanos * 10 + digit?))
}

/// `Z`, `+02`, `+0200` or `+02:00`, in minutes.
fn offset(text: &[u8]) -> Option<i16> {
    let (sign, hours, minutes) = match text {
        b"Z" => return Some(0),
        [sign, a, b] => (sign, two(*a, *b)?, 0),
        [sign, a, b, c, d] | [sign, a, b, b':', c, d] => (sign, two(*a, *b)?, two(*c, *d)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let minutes = (hours * 60 + minutes) as i16;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

#[inline]
fn two(a: u8, b: u8) -> Option<u32> {
    Some(digit(a)? * 10 + digit(b)?)
}

#[inline]
fn digit(byte: u8) -> Option<u32> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(u32::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_dates_parse() {
        assert_eq!(date(b"1970-01-02"), Some(1));
        assert_eq!(date(b"2024-02-29"), Some(19_782));
        for text in
            ["2025-02-29", "2025-1-02", "2025/01/02", "20250102", "2025-01-02 ", "x025-01-02"]
        {
            assert_eq!(date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn iso_times_parse() {
        assert_eq!(time(b"01:02"), Some(3_720_000_000_000));
        assert_eq!(time(b"01:02:03.5"), Some(3_723_500_000_000));
        for text in ["24:00", "1:02", "01:60", "01:02:60", "01:02:03.", "01:02:03.1234567890", "01"]
        {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn iso_timestamps_parse() {
        let at = |text: &str| moment(text.as_bytes());
        let noon = at("1970-01-02T12:00:00.25+02:00").expect("a point in time");
        assert_eq!((noon.seconds, noon.nanos), (DAY + DAY / 2, 250_000_000));
        assert_eq!((noon.offset, noon.canonical), (Some(120), false));
        assert_eq!(at("1970-01-02").map(|m| m.seconds), Some(DAY));
        assert_eq!(at("1970-01-01 00:00Z").map(|m| m.offset), Some(Some(0)));
        assert_eq!(at("1970-01-01 00:00-0130").map(|m| m.offset), Some(Some(-90)));
        for text in
            ["1970-01-01 ", "1970-01-01x00:00", "1970-01-01 00:00+2", "1970-01-01 00:00+99:00"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn canonical_timestamps_are_recognized() {
        let canonical = |text: &str| moment(text.as_bytes()).is_some_and(|m| m.canonical);
        for text in [
            "2025-01-02 03:04:05",
            "2025-01-02 03:04:05.678",
            "2025-01-02 03:04:05.678901",
            "2025-01-02 03:04:05.678901234",
            "2025-01-02 03:04:05+00:00",
            "2025-01-02 03:04:05.678-05:30",
        ] {
            assert!(canonical(text), "{text}");
        }
        for text in [
            "2025-01-02",
            "2025-01-02T03:04:05",
            "2025-01-02 03:04",
            "2025-01-02 03:04:05.6",
            "2025-01-02 03:04:05.600000",
            "2025-01-02 03:04:05.000",
            "2025-01-02 03:04:05Z",
            "2025-01-02 03:04:05-00:00",
        ] {
            assert!(!canonical(text), "{text}");
        }
    }
}
