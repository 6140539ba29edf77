//! Peak memory of the process.

use std::fs::File;
use std::io::{Read, Seek};

/// `/proc/self/status`, or `None` on systems without it. Opened at the start: Landlock denies
/// opening it later.
pub(super) struct Memory(Option<File>);

impl Memory {
    pub(super) fn open() -> Self {
        Self(File::open("/proc/self/status").ok())
    }

    /// Returns the peak resident memory of this process, in bytes.
    pub(super) fn peak(&self) -> Option<u64> {
        let mut file = self.0.as_ref()?;
        let mut text = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
        in_status(&text)
    }
}

/// Parses the `VmHWM` line of Linux's `/proc/<pid>/status`: kibibytes, written `kB`.
fn in_status(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_parsed_in_bytes() {
        assert_eq!(in_status("Name:\tosiris\nVmHWM:\t   12088 kB\n"), Some(12088 * 1024));
        assert_eq!(in_status("Name:\tosiris\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn peak_memory_can_be_read_repeatedly() {
        let memory = Memory::open();
        let (before, buffer) = (memory.peak().unwrap(), vec![1_u8; 64 << 20]);
        assert!(buffer.iter().all(|byte| *byte == 1));
        assert!(memory.peak().unwrap() >= before.max(64 << 20));
    }
}
