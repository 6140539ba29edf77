//! Runs each directory of `cases/` with a pipeline on this machine and in a sandbox.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::Cloud;
use osiris_tests::case::twice;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let entries = std::fs::read_dir(&folder).expect("the cases are there").flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| !twice::PERMISSIONS.iter().any(|name| path.ends_with(name)))
        .filter(|path| path.is_dir() && twice::runs(path).expect("a case can be read"))
        .collect();
    folders.sort();
    let trial = |folder: PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || twice::run(&folder, &Cloud::equipped()).map_err(Failed::from))
    };
    let trials = folders.into_iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
