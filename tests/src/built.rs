//! Paths of the files built by `cargo xtask build`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // Test binaries are in `<target>/<profile>/deps`.
    let test = std::env::current_exe().expect("a test knows where it lies");
    let folder = test.parent().and_then(Path::parent).expect("cargo puts tests into `deps`");
    folder.to_owned()
});

/// Returns the directory that cargo builds into.
pub fn folder() -> &'static Path {
    &FOLDER
}

/// Returns the path of the `osiris` binary.
pub fn osiris() -> PathBuf {
    there(folder().join("osiris").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Returns the directory of the test drivers, built from `tests/drivers`.
pub fn test_drivers() -> PathBuf {
    there(folder().join("test-drivers"))
}

/// Returns the component of a test driver, like `test.source`.
pub fn test_driver(name: &str) -> PathBuf {
    there(test_drivers().join(format!("{name}.wasm")))
}

/// Returns the directory of the drivers in `sdk/<language>/examples`.
pub fn examples(language: &str) -> PathBuf {
    there(folder().join("examples").join(language))
}

/// Returns the directory of the release that `cargo xtask test install` builds.
pub fn dist() -> PathBuf {
    there(folder().join("dist"))
}

/// Returns the directory of the container image that `cargo xtask test install` builds.
pub fn image() -> PathBuf {
    there(folder().join("test-image"))
}

/// Returns the code cache shared by all tests, so that each driver is compiled once.
pub fn cache() -> PathBuf {
    folder().join("test-cache")
}

fn there(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is not built; run `cargo xtask test`", path.display());
    path
}
