//! Adds to `.gitignore` the files that do not belong into a repository.

/// The content of a new file.
pub(super) const NEW: &str = include_str!("files/gitignore");

/// Returns the lines of [`NEW`] that have no effect in an existing file, because they are missing
/// or a later line takes them back.
pub(super) fn missing(existing: &[u8]) -> Vec<&'static str> {
    let existing = String::from_utf8_lossy(existing);
    let lines: Vec<&str> = existing.lines().map(str::trim_end).collect();
    let is_missing = |wanted: &&str| {
        let name = name(wanted);
        // As in Git, the last line that matches decides.
        let last = lines.iter().rev().find_map(|line| match line.strip_prefix('!') {
            Some(exception) => can_match(self::name(exception), name).then_some(false),
            None => (self::name(line) == name).then_some(true),
        });
        last != Some(true)
    };
    NEW.lines().filter(|line| !line.starts_with('#')).filter(is_missing).collect()
}

/// Appends lines to the content of a file.
pub(super) fn append(mut existing: Vec<u8>, lines: &[&str]) -> Vec<u8> {
    if !existing.is_empty() && !existing.ends_with(b"\n") {
        existing.push(b'\n');
    }
    for line in lines {
        existing.extend_from_slice(line.as_bytes());
        existing.push(b'\n');
    }
    existing
}

/// Returns a pattern without the slashes that only say where it matches.
fn name(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    pattern.strip_suffix('/').unwrap_or(pattern)
}

/// Returns whether a pattern can match a name. May be wrong about patterns with several wildcards:
/// then a line is repeated, which changes nothing.
fn can_match(pattern: &str, name: &str) -> bool {
    let is_wildcard = |c: char| matches!(c, '*' | '?' | '[' | ']');
    match (pattern.find(is_wildcard), pattern.rfind(is_wildcard)) {
        (Some(first), Some(last)) => {
            name.starts_with(&pattern[..first]) && name.ends_with(&pattern[last + 1..])
        }
        _ => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_lines_are_added() {
        let all = ["/.osiris/", "/logs/", "/output/", ".env"];
        for (existing, expected) in [
            ("", &all[..]),
            (NEW, &[]),
            ("node_modules/\n.env\n*.secret\n", &["/.osiris/", "/logs/", "/output/"]),
            (".osiris\r\nlogs/\r\n/output\r\n/.env\r\n", &[]),
            ("# .env\n", &all),
            (".env\n!.env\n/.osiris/\n/logs/\n/output/\n", &[".env"]),
            (".env\n!.env*\n/.osiris/\n/logs/\n/output/\n", &[".env"]),
            (".env\n!.env.example\n!*.csv\n/.osiris/\n/logs/\n/output/\n", &[]),
        ] {
            let missing = missing(existing.as_bytes());
            assert_eq!(missing, expected, "{existing:?}");
            let appended = append(existing.as_bytes().to_vec(), &missing);
            assert!(appended.starts_with(existing.as_bytes()));
            assert_eq!(self::missing(&appended), [""; 0], "{existing:?}");
        }
        assert_eq!(append(b"a".to_vec(), &["b"]), b"a\nb\n");
    }
}
