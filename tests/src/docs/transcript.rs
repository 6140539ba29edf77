//! Compares output shown on a page with the output of a run.

use std::sync::LazyLock;

use regex::Regex;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::snapshot;

/// Line of a page that stands for any number of left out lines.
const ELISION: &str = "...";

/// Patterns of text that differs between runs and machines, in addition to those of snapshots.
const PATTERNS: [(&str, &str); 7] = [
    (r"\b127\.0\.0\.1:[0-9]+", "[ADDRESS]"),
    (r"\bosiris-key:[A-Za-z0-9_-]+", "[KEY]"),
    (r"\b[0-9.]+-MariaDB\S*", "[VERSION]"),
    (r#"("duration_seconds": ?)[0-9.]+"#, "$1[N]"),
    // Servers estimate the size of their tables.
    (r"\babout [0-9]+ rows\b", "about [N] rows"),
    // A driver's size in `osiris.lock`.
    (r"^( +size: )[0-9]+$", "$1[N]"),
    // Times in a table are aligned.
    (r" +\[DURATION\]", "  [DURATION]"),
];

static REGEXES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), name);
    PATTERNS.into_iter().map(compile).collect()
});

/// Sizes of programs, of drivers and of used memory.
static SIZE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9]+\.[0-9]{2} [KM]iB").expect("a valid pattern"));

/// Replaces everything in a line that differs between runs and machines.
fn mask(line: &str) -> String {
    let mut line = snapshot::mask(line);
    for (regex, name) in REGEXES.iter() {
        line = regex.replace_all(&line, *name).into_owned();
    }
    // Outputs have the same size everywhere.
    if !line.starts_with("Output ") {
        line = SIZE.replace_all(&line, "[SIZE]").into_owned();
    }
    line
}

fn masked(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| mask(line)).collect()
}

/// Returns whether an output is the one that a page shows, apart from masked values and left out
/// lines.
pub(super) fn matches(shown: &[String], actual: &[String]) -> bool {
    let (shown, mut actual) = (masked(shown), masked(actual));
    let mut parts: Vec<&[String]> = shown.split(|line| line.trim() == ELISION).collect();
    // Without an elision, the only part is the whole output.
    let last = parts.pop().unwrap_or_default();
    let Some((first, middle)) = parts.split_first() else { return last == actual };
    if !actual.starts_with(first) {
        return false;
    }
    actual.drain(..first.len());
    for part in middle.iter().filter(|part| !part.is_empty()) {
        let Some(at) = actual.windows(part.len()).position(|lines| lines == *part) else {
            return false;
        };
        actual.drain(..at + part.len());
    }
    actual.ends_with(last)
}

/// Returns the lines that a page is to show: lines of the page that differ only in masked values
/// stay as they are. Left out lines return if anything else differs.
pub(super) fn updated(shown: &[String], actual: &[String]) -> Vec<String> {
    if matches(shown, actual) {
        return shown.to_vec();
    }
    let mut lines = Vec::new();
    for change in capture_diff_slices(Algorithm::Patience, &masked(shown), &masked(actual)) {
        let (tag, old, new) = change.as_tag_tuple();
        lines.extend_from_slice(match tag {
            DiffTag::Equal => &shown[old],
            _ => &actual[new],
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{matches, updated};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn times_sizes_and_addresses_of_a_run_are_masked() {
        for (shown, actual) in [
            ("✓ hello done in 17 ms", "✓ hello done in 1.25 s"),
            (
                "  write    filesystem.csv_writer     8  12 ms",
                "  write    filesystem.csv_writer     8   2 ms",
            ),
            ("  Memory    38.05 MiB at most", "  Memory    112.60 MiB at most"),
            ("reviews  table about 20 rows", "reviews  table about 21 rows"),
            ("    size: 255905", "    size: 1"),
            (
                "✓ @mysql.movies  ok 2 ms 127.0.0.1:1 runs 10.11.19-MariaDB-0+deb12u1",
                "✓ @mysql.movies  ok 0 ms 127.0.0.1:23 runs 11.0.2-MariaDB",
            ),
            (
                r#"{"duration_seconds":0.019726738,"status":"success"}"#,
                r#"{"duration_seconds":1.2,"status":"success"}"#,
            ),
        ] {
            assert!(matches(&lines(shown), &lines(actual)), "{shown}");
        }
    }

    #[test]
    fn rows_limits_and_output_sizes_are_compared() {
        for (shown, actual) in [
            (
                "  read  filesystem.csv_extractor  8  2 ms",
                "  read  filesystem.csv_extractor  9  2 ms",
            ),
            ("   limits  memory 2GiB, 600 s without progress", "   limits  memory 2GiB, time 60 s"),
            ("Output   output/penguins.csv  51.20 KiB", "Output   output/penguins.csv  51.21 KiB"),
            ("✓ nothing was run", ""),
            ("", "✓ nothing was run"),
        ] {
            assert!(!matches(&lines(shown), &lines(actual)), "{shown}");
        }
    }

    #[test]
    fn elision_matches_any_number_of_lines() {
        let actual = lines("a\nb\nc\nd\ne");
        for shown in
            ["...", "a\n...", "...\ne", "a\n  ...\ne", "a\n...\nc\n...\ne", "a\n...\nb\nc\nd\ne"]
        {
            assert!(matches(&lines(shown), &actual), "{shown}");
        }
        for shown in [
            "b\n...",
            "...\nd",
            "a\n...\nc\n...\nc\n...",
            "a\n...\nd\n...\nb\n...",
            "a\nb\nc\n...\nc\nd\ne",
        ] {
            assert!(!matches(&lines(shown), &actual), "{shown}");
        }
    }

    #[test]
    fn update_keeps_lines_differing_only_in_masked_values() {
        let shown = lines(
            "✓ hello done in 17 ms\n  Rows 8\nSession  logs/run_20261201T040101664Z-6b53a908",
        );
        let actual =
            lines("✓ hello done in 9 ms\n  Rows 9\nSession  logs/run_20270101T000000000Z-00000000");
        let kept = lines(
            "✓ hello done in 17 ms\n  Rows 9\nSession  logs/run_20261201T040101664Z-6b53a908",
        );
        assert_eq!(updated(&shown, &actual), kept);
    }

    #[test]
    fn update_keeps_a_matching_elision_and_expands_others() {
        let actual = lines("a\nb\nc");
        assert_eq!(updated(&lines("a\n...\nc"), &actual), lines("a\n...\nc"));
        assert_eq!(updated(&lines("a\n...\nd"), &actual), actual);
    }
}
