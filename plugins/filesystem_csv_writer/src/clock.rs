//! Dates, times and points in time as text.

use csv_common::{Civil, civil};
use osiris_sdk::TimeUnit;

use crate::buffer::Buffer;

const DAY: i64 = 86_400;

/// Writes a date: `2025-01-31`. Years of more than four digits and those
/// before year 0 have a sign.
pub(crate) fn date(days: i64, out: &mut Buffer) {
    let Civil { year, month, day } = civil(days);
    if let 0..=9999 = year {
        let mut text = *b"0000-00-00";
        put_two(&mut text, 0, (year / 100) as u8);
        put_two(&mut text, 2, (year % 100) as u8);
        put_two(&mut text, 5, month);
        put_two(&mut text, 8, day);
        out.put(&text);
    } else {
        out.put(format!("{year:+05}-{month:02}-{day:02}").as_bytes());
    }
}

/// Writes a time: `03:04:05.678`, with 0, 3, 6 or 9 decimals, as few as it
/// takes.
pub(crate) fn time(count: i64, unit: TimeUnit, out: &mut Buffer) {
    let per_second = per_second(unit);
    let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
    clock(count.div_euclid(per_second), nanos, out);
}

/// Writes a point in time: `2025-01-31 03:04:05.678`, and `+00:00` behind it
/// if it is shown in a zone that many minutes ahead of UTC.
pub(crate) fn timestamp(count: i64, unit: TimeUnit, zone: Option<i16>, out: &mut Buffer) {
    let per_second = per_second(unit);
    let nanos = count.rem_euclid(per_second) * (1_000_000_000 / per_second);
    let seconds = count.div_euclid(per_second).saturating_add(i64::from(zone.unwrap_or(0)) * 60);
    date(seconds.div_euclid(DAY), out);
    out.byte(b' ');
    clock(seconds.rem_euclid(DAY), nanos, out);
    if let Some(minutes) = zone {
        let size = minutes.unsigned_abs();
        let mut text = *b"+00:00";
        if minutes < 0 {
            text[0] = b'-';
        }
        put_two(&mut text, 1, (size / 60) as u8);
        put_two(&mut text, 4, (size % 60) as u8);
        out.put(&text);
    }
}

/// Returns the minutes that a zone is ahead of UTC: of `+02:00` 120. A zone
/// with a name is shown in UTC, which is the same point in time on any clock.
pub(crate) fn offset(zone: &str) -> i16 {
    let offset = || {
        let (sign, rest) = match zone.as_bytes() {
            [b'+', rest @ ..] => (1, rest),
            [b'-', rest @ ..] => (-1, rest),
            _ => return None,
        };
        let two = |tens: u8, ones: u8| {
            let digits = [tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0')];
            digits.iter().all(|digit| *digit < 10).then(|| i16::from(digits[0] * 10 + digits[1]))
        };
        match rest {
            [a, b] => Some(sign * two(*a, *b)? * 60),
            [a, b, c, d] | [a, b, b':', c, d] => Some(sign * (two(*a, *b)? * 60 + two(*c, *d)?)),
            _ => None,
        }
    };
    offset().unwrap_or(0)
}

fn clock(seconds: i64, nanos: i64, out: &mut Buffer) {
    let mut text = *b"00:00:00";
    put_two(&mut text, 0, (seconds / 3600 % 100) as u8);
    put_two(&mut text, 3, (seconds / 60 % 60) as u8);
    put_two(&mut text, 6, (seconds % 60) as u8);
    out.put(&text);
    if nanos != 0 {
        let decimals = match nanos {
            n if n % 1_000_000 == 0 => 3,
            n if n % 1_000 == 0 => 6,
            _ => 9,
        };
        // The one in front keeps the zeros.
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(1_000_000_000 + nanos);
        out.byte(b'.');
        out.put(&digits.as_bytes()[1..=decimals]);
    }
}

#[inline(always)]
fn put_two(text: &mut [u8], at: usize, number: u8) {
    text[at] = b'0' + number / 10 % 10;
    text[at + 1] = b'0' + number % 10;
}

pub(crate) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Buffer)) -> String {
        let mut buffer = Buffer::new(0);
        write(&mut buffer);
        String::from_utf8_lossy(buffer.as_bytes()).into_owned()
    }

    #[test]
    fn dates_are_formatted() {
        assert_eq!(text(|out| date(0, out)), "1970-01-01");
        assert_eq!(text(|out| date(20_090, out)), "2025-01-02");
        assert_eq!(text(|out| date(-719_528, out)), "0000-01-01");
        assert_eq!(text(|out| date(-719_529, out)), "-0001-12-31");
        assert_eq!(text(|out| date(2_932_897, out)), "+10000-01-01");
    }

    #[test]
    fn times_have_the_fewest_decimals() {
        assert_eq!(text(|out| time(3_723, TimeUnit::Second, out)), "01:02:03");
        assert_eq!(text(|out| time(3_723_500, TimeUnit::Millisecond, out)), "01:02:03.500");
        assert_eq!(text(|out| time(3_723_000_001, TimeUnit::Microsecond, out)), "01:02:03.000001");
        assert_eq!(text(|out| time(1, TimeUnit::Nanosecond, out)), "00:00:00.000000001");
    }

    #[test]
    fn timestamps_are_formatted_in_their_zone() {
        let at = |count, zone| text(|out| timestamp(count, TimeUnit::Millisecond, zone, out));
        assert_eq!(at(1_735_787_045_678, None), "2025-01-02 03:04:05.678");
        assert_eq!(at(1_735_787_045_000, Some(0)), "2025-01-02 03:04:05+00:00");
        assert_eq!(at(0, Some(-90)), "1969-12-31 22:30:00-01:30");
        assert_eq!(at(-1, None), "1969-12-31 23:59:59.999");
        text(|out| timestamp(i64::MAX, TimeUnit::Second, Some(60), out));
        text(|out| timestamp(i64::MIN, TimeUnit::Second, Some(-60), out));
    }

    #[test]
    fn zone_offsets_are_parsed() {
        let offsets =
            ["+02:00", "-0530", "+01", "UTC", "Europe/Prague", "+2", "+ab:cd"].map(offset);
        assert_eq!(offsets, [120, -330, 60, 0, 0, 0, 0]);
    }
}
