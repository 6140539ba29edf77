//! What `cargo xtask build` made.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    // Tests lie in `<target>/<profile>/deps`.
    let test = std::env::current_exe().expect("a test knows where it lies");
    let folder = test.parent().and_then(Path::parent).expect("cargo puts tests into `deps`");
    folder.to_owned()
});

/// The folder that cargo builds into.
pub fn folder() -> &'static Path {
    &FOLDER
}

/// The `osiris` binary.
pub fn osiris() -> PathBuf {
    there(folder().join("osiris").with_extension(std::env::consts::EXE_EXTENSION))
}

/// The guests in `tests/drivers`, which only tests use.
pub fn guests() -> PathBuf {
    there(folder().join("test-drivers"))
}

/// The component of one of the guests, like `test.source`.
pub fn guest(name: &str) -> PathBuf {
    there(guests().join(format!("{name}.wasm")))
}

/// The drivers in `sdk/<language>/examples`.
pub fn examples(language: &str) -> PathBuf {
    there(folder().join("examples").join(language))
}

/// Compiled code, shared by all tests so that each driver is compiled once.
pub fn cache() -> PathBuf {
    folder().join("test-cache")
}

fn there(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is not built; run `cargo xtask test`", path.display());
    path
}
