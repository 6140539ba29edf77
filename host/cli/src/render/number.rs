//! Formats numbers for people.

use indicatif::HumanCount;

pub(crate) use osiris_core::text::format_bytes;

/// Formats a number like `1,000,000`.
pub(crate) fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// Formats a duration like `830 ms`, `3.2 s` or `2 min 5 s`.
pub(crate) fn milliseconds(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} ms"),
        1_000..60_000 => format!("{}.{} s", number / 1_000, number % 1_000 / 100),
        _ => format!("{} min {} s", number / 60_000, number % 60_000 / 1_000),
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
        ] {
            assert_eq!(milliseconds(number), text);
        }
    }
}
