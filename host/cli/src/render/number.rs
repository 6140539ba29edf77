//! Formats numbers for people.

use indicatif::HumanCount;
use jiff::Timestamp;

pub(crate) use osiris_core::text::format_bytes;

/// Formats a number like `1,000,000`.
pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// Formats a duration like `830 ms`, `3.2 s`, `2 min 5 s` or `1 h 12 min`.
pub(crate) fn milliseconds(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} ms"),
        1_000..60_000 => format!("{}.{} s", number / 1_000, number % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", number / 60_000, number % 60_000 / 1_000),
        _ => format!("{} h {} min", number / 3_600_000, number % 3_600_000 / 60_000),
    }
}

/// Formats a duration without parts of a second, like `3 s`.
pub(crate) fn whole_seconds(number: u64) -> String {
    match number {
        0..60 => format!("{number} s"),
        _ => milliseconds(number.saturating_mul(1_000)),
    }
}

/// Formats a time like `3 min ago`, or as a date if it is a month or more ago. A text that is not
/// a time is returned as is.
pub(crate) fn time_ago(stamp: &str, now: Timestamp) -> String {
    let Ok(time) = stamp.parse::<Timestamp>() else { return stamp.to_owned() };
    let many = |count: i64, unit: &str| match count {
        1 => format!("1 {unit} ago"),
        _ => format!("{count} {unit}s ago"),
    };
    // The clock of another machine can be ahead.
    match now.duration_since(time).as_secs().max(0) {
        0..5 => "just now".to_owned(),
        seconds @ 5..60 => format!("{seconds} s ago"),
        seconds @ 60..3_600 => format!("{} min ago", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h ago", seconds / 3_600),
        seconds @ 86_400..2_592_000 => many(seconds / 86_400, "day"),
        _ => time.strftime("%Y-%m-%d").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_for_readers() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(format_bytes(1_572_864), "1.50 MiB");
        for (number, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (3_290, "3.2 s"),
            (60_000, "1 min 0 s"),
            (125_000, "2 min 5 s"),
            (4_330_000, "1 h 12 min"),
        ] {
            assert_eq!(milliseconds(number), text);
        }
        assert_eq!((whole_seconds(7), whole_seconds(65)), ("7 s".into(), "1 min 5 s".into()));
    }

    #[test]
    fn recent_times_are_relative() {
        let now: Timestamp = "2026-03-31T12:00:00.000Z".parse().unwrap();
        for (stamp, text) in [
            ("2026-03-31T12:00:09.000Z", "just now"),
            ("2026-03-31T11:59:58.000Z", "just now"),
            ("2026-03-31T11:59:18.000Z", "42 s ago"),
            ("2026-03-31T11:56:30.000Z", "3 min ago"),
            ("2026-03-31T07:00:00.000Z", "5 h ago"),
            ("2026-03-30T11:00:00.000Z", "1 day ago"),
            ("2026-03-10T11:00:00.000Z", "21 days ago"),
            ("2026-01-31T08:05:09.123Z", "2026-01-31"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(time_ago(stamp, now), text);
        }
    }
}
