//! Session ids: unique without a registry, sorted by time, safe in a path.

use std::hash::{BuildHasher, RandomState};

use jiff::Timestamp;

/// Prefix of the id in the name of a session's directory.
pub const PREFIX: &str = "run_";

/// Returns a new id like `20260131T080509123Z-9f3a61c0`.
pub(super) fn new(now: Timestamp) -> String {
    // The standard library seeds each state from the system's random source.
    let random = RandomState::new().hash_one(std::process::id()) as u32;
    format!("{}-{random:08x}", now.strftime("%Y%m%dT%H%M%S%3fZ"))
}

/// Returns the random part of an id, by which people name a run. Returns the whole id if it has
/// another form.
pub fn short(id: &str) -> &str {
    match id.rsplit_once('-') {
        Some((_, random)) if random.len() == 8 => random,
        _ => id,
    }
}

/// Returns the id in the name of a session's directory, or `None` for any other name.
pub(super) fn of_folder(name: &str) -> Option<&str> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.strip_prefix(PREFIX).filter(|id| !id.is_empty() && id.chars().all(safe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_id_has_time_and_eight_hex_digits() {
        let id = new(Timestamp::from_millisecond(1_769_846_709_007).unwrap());
        let (time, random) = id.split_once('-').unwrap();
        assert_eq!(time, "20260131T080509007Z");
        assert!(random.len() == 8 && random.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    }

    #[test]
    fn short_id_is_the_random_part() {
        assert_eq!(short("20260131T080509007Z-9f3a61c0"), "9f3a61c0");
        assert_eq!(short("20260131T080509007Z"), "20260131T080509007Z");
    }

    #[test]
    fn session_ids_of_one_millisecond_differ() {
        let now = Timestamp::now();
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| new(now)).collect();
        assert!(ids.len() > 990);
    }

    #[test]
    fn folder_with_another_name_is_not_a_session() {
        for name in ["run_", "runs", "run_a/b", "run_..", ".run_a", "compile_1"] {
            assert_eq!(of_folder(name), None, "{name}");
        }
        assert_eq!(of_folder("run_20260131T080509007Z-0a"), Some("20260131T080509007Z-0a"));
    }
}
