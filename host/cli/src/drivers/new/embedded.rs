//! Files of the repository embedded in the program by `host/build.rs`.

/// The files, sorted by path.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Returns the files inside a directory, by their relative path.
pub(super) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(path, content)| {
        Some((path.strip_prefix(folder)?.strip_prefix('/')?, *content))
    })
}

/// Returns a text by its path.
pub(super) fn text(path: &str) -> Option<&'static str> {
    let (_, content) = FILES.iter().find(|(name, _)| *name == path)?;
    std::str::from_utf8(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_files_have_contract_and_sdk_without_build_output() {
        assert!(text("wit/driver.wit").unwrap().contains("package osiris:driver@"));
        let sdk: Vec<&str> = below("sdk/rust/src").map(|(path, _)| path).collect();
        assert!(sdk.contains(&"lib.rs") && sdk.contains(&"read/batch.rs"), "{sdk:?}");
        assert!(FILES.is_sorted());
        let excluded = ["node_modules/", "__pycache__/", "target/"];
        assert!(
            !FILES.iter().any(|(path, _)| excluded.iter().any(|excluded| path.contains(excluded)))
        );
    }
}
