//! Times in a session's files: UTC with milliseconds and `Z`.

use jiff::Timestamp;

/// Formats a time like `2026-01-31T08:05:09.123Z`.
pub fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Converts to seconds with millisecond resolution, so that JSON numbers stay short.
pub(super) fn seconds(milliseconds: u128) -> f64 {
    // Exact below 2^53 ms, which is 285,000 years.
    milliseconds as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_always_have_milliseconds() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_769_846_709_120, "2026-01-31T08:05:09.120Z"),
            (1_769_846_709_007, "2026-01-31T08:05:09.007Z"),
        ] {
            assert_eq!(stamp(Timestamp::from_millisecond(milliseconds).unwrap()), text);
        }
    }
}
