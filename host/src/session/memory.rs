//! How much memory the process has used.

/// The most memory that this process has held, in bytes; none where the system
/// does not tell in a file.
pub(super) fn peak() -> Option<u64> {
    in_status(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The `VmHWM` line of Linux's `/proc/<pid>/status`: kibibytes, written `kB`.
fn in_status(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(in_status("Name:\tosiris\nVmHWM:\t   12088 kB\n"), Some(12088 * 1024));
        assert_eq!(in_status("Name:\tosiris\n"), None);
    }
}
