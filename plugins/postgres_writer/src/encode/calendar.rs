//! Dates and times as PostgreSQL writes them.

use csv_common::Civil;
use osiris_sdk::TimeUnit;

const NANOS_PER_DAY: i128 = 86_400_000_000_000;

/// Returns a date, given the days since 1970.
pub(super) fn date(days: i64) -> String {
    let (date, era) = civil(days);
    format!("{date}{era}")
}

/// Returns a time of day.
pub(super) fn time(value: i64, unit: TimeUnit) -> String {
    clock(nanos(value, unit))
}

/// Returns a timestamp since 1970, with the zone that it is counted in.
pub(super) fn timestamp(value: i64, unit: TimeUnit, zone: &str) -> String {
    let nanos = nanos(value, unit);
    let days = i64::try_from(nanos.div_euclid(NANOS_PER_DAY)).unwrap_or(i64::MAX);
    let (date, era) = civil(days);
    format!("{date} {}{zone}{era}", clock(nanos.rem_euclid(NANOS_PER_DAY)))
}

fn nanos(value: i64, unit: TimeUnit) -> i128 {
    i128::from(value)
        * match unit {
            TimeUnit::Second => 1_000_000_000,
            TimeUnit::Millisecond => 1_000_000,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1,
        }
}

fn clock(nanos: i128) -> String {
    let seconds = nanos / 1_000_000_000;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match nanos % 1_000_000_000 {
        0 => clock,
        part => format!("{clock}.{}", format!("{part:09}").trim_end_matches('0')),
    }
}

/// Returns year, month and day, and the era if it is not ours.
fn civil(days: i64) -> (String, &'static str) {
    let Civil { year, month, day } = csv_common::civil(days);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_match_the_server_text() {
        for (days, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (19_782, "2024-02-29"),
            (-719_163, "0001-12-31 BC"),
            (-2_440_550, "4713-01-01 BC"),
            (2_932_897, "10000-01-01"),
            (2_145_042_905, "5874897-12-31"),
        ] {
            assert_eq!(date(days), text);
        }
        let micros = TimeUnit::Microsecond;
        assert_eq!(timestamp(-1, micros, ""), "1969-12-31 23:59:59.999999");
        let text = timestamp(1_704_103_200_000_600, micros, "+00");
        assert_eq!(text, "2024-01-01 10:00:00.0006+00");
        assert_eq!(time(86_400_000_000, micros), "24:00:00");
        assert_eq!(time(1, TimeUnit::Nanosecond), "00:00:00.000000001");
    }
}
