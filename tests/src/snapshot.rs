//! Texts that must not change unintentionally.

use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::{TestProject, built};

/// Returns whether `UPDATE_EXPECT=1` requests an update instead of a comparison.
pub fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

/// Compares a text with a file, or updates the file.
///
/// # Errors
/// Returns the number of the first line that differs, and both texts.
pub fn compare(path: &Path, actual: &str) -> Result<(), String> {
    if updating() {
        return std::fs::write(path, actual)
            .map_err(|error| format!("{}: {error}", path.display()));
    }
    let expected = std::fs::read_to_string(path).map_err(|error| {
        format!("{}: {error}\nWith UPDATE_EXPECT=1 it becomes:\n{actual}", path.display())
    })?;
    if expected == actual {
        return Ok(());
    }
    let same = expected.lines().zip(actual.lines()).take_while(|(old, new)| old == new).count();
    Err(format!(
        "{} differs from line {} on.\n--- expected\n{expected}\n--- actual\n{actual}\n\
         If the new text is right: UPDATE_EXPECT=1",
        path.display(),
        same + 1
    ))
}

/// Patterns of text that differs between runs and machines, with their replacements.
const PATTERNS: [(&str, &str); 15] = [
    (r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}\b", "[SESSION]"),
    // The first column of `osiris runs list`.
    (r"(?m)^  [0-9a-f]{8}\b", "  [RUN]"),
    (r"\b(just now|[0-9]+ (s|min|h) ago)\b", "[AGO]"),
    (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\b", "[TIME]"),
    (r"\b[0-9a-f]{7}-[0-9a-f]{64}\b", "[BUILD]"),
    (r"\b(sha256:)?[0-9a-f]{64}\b", "[SHA256]"),
    (r"\b([0-9]+(\.[0-9]+)? ?ms|[0-9]+\.[0-9]+ ?s)\b", "[DURATION]"),
    (r#"("(?:duration_ms|pid|peak_memory_bytes|execution_duration|size)": ?)[0-9.]+"#, "$1[N]"),
    (r"\b(duration_ms|duration_seconds)=[0-9.]+", "$1=[N]"),
    (r"\b[0-9.]+ MiB peak", "[SIZE] peak"),
    // The logs of runs contain times.
    (r"(\b[0-9]+ runs?, |\[AGO\]  )[0-9.]+ [KM]iB", "$1[SIZE]"),
    // A plan's title, like `copy 1a2b3c4`, and the output of `compile`.
    (r"(?m)^([a-z0-9-]+|. [a-z0-9-]+ compiled:) [0-9a-f]{7}$", "$1 [SHORT]"),
    // The width of a table's columns depends on the times in it. A source line and the carets
    // below it keep theirs.
    (r"(?m)([^\s|]) {2,}", "$1  "),
    (r#"("manifest_short": ?)"[0-9a-f]{7}""#, "$1[SHORT]"),
    (r"(?m)[ \t]+$", ""),
];

static REGEXES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), name);
    PATTERNS.into_iter().map(compile).collect()
});

/// Messages about compilation: a test cannot know whether a driver was already compiled.
static COMPILING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?mi)^compiling .*\n").expect("a valid pattern"));

/// The notice on the first use of a driver that does not come with osiris. Tests use such drivers
/// all the time; `tests/trust.rs` checks the notice.
static FIRST_USE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^First use of the driver .*\n(?:  .*\n)*").expect("a valid pattern")
});

/// Replaces ids, times, hashes and paths of this machine by names, and shortens long runs of one
/// character.
pub fn normalise(text: &str, project: &TestProject) -> String {
    let mut text = text.to_owned();
    for (path, name) in [
        (project.root(), "[PROJECT]"),
        (project.outside().to_owned(), "[OUTSIDE]"),
        (built::folder().to_owned(), "[BUILT]"),
    ] {
        text = text.replace(&path.display().to_string(), name);
    }
    text = without_compilation(&mask(&text));
    squeeze(&FIRST_USE.replace_all(&text, ""))
}

/// Replaces ids, times and hashes by names.
pub fn mask(text: &str) -> String {
    let mut text = text.to_owned();
    for (regex, name) in REGEXES.iter() {
        text = regex.replace_all(&text, *name).into_owned();
    }
    text
}

/// Removes messages about compilation.
pub fn without_compilation(text: &str) -> String {
    COMPILING.replace_all(text, "").into_owned()
}

/// Writes `xxxx...` as `x{4000}`.
fn squeeze(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let mut count = 1_usize;
        while rest.next_if_eq(&character).is_some() {
            count += 1;
        }
        if count > 100 {
            out.push_str(&format!("{character}{{{count}}}"));
        } else {
            out.extend(std::iter::repeat_n(character, count));
        }
    }
    out
}

/// Replaces the matches of a test's own pattern.
pub fn replace(text: &str, pattern: &str, by: &str) -> String {
    let regex = Regex::new(pattern).expect("a valid pattern");
    regex.replace_all(text, |_: &Captures<'_>| by.to_owned()).into_owned()
}
