//! Temporary projects for trials.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use osiris_core::canonical;
use osiris_core::fs::layout::TMP_DIR;
use osiris_core::fs::project_dir::ProjectDir;
use tempfile::TempDir;

use super::cases::Fixture;

/// A temporary directory with a case's files. Removed on drop.
#[derive(Debug)]
pub(super) struct TempProject {
    folder: TempDir,
}

/// Directory for a step's artifacts, as in a run.
const ARTIFACTS: &str = "logs/conformance/artifacts/check";

impl TempProject {
    /// Creates a project with these files in the directory `within`.
    pub(super) fn new(
        within: &Path,
        files: &BTreeMap<String, Fixture>,
        shrink: u64,
    ) -> io::Result<Self> {
        let folder = TempDir::new_in(within)?;
        let root = Dir::open_ambient_dir(folder.path(), ambient_authority())?;
        root.create_dir_all(ARTIFACTS)?;
        root.create_dir_all(TMP_DIR)?;
        for (name, fixture) in files {
            if let Some(parent) = Path::new(name).parent() {
                root.create_dir_all(parent)?;
            }
            fixture.write(&mut root.create(name)?, shrink)?;
        }
        Ok(Self { folder })
    }

    /// Returns the directory that the driver sees as `/`.
    pub(super) fn base(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn artifacts(&self) -> PathBuf {
        self.base().join(ARTIFACTS)
    }

    pub(super) fn spill(&self) -> ProjectDir {
        ProjectDir::new(self.base(), Path::new(TMP_DIR))
    }

    /// Returns the sha256 of every file except the artifacts, by path.
    pub(super) fn files(&self) -> BTreeMap<String, String> {
        self.read(|path| !path.starts_with(ARTIFACTS), &|bytes| canonical::sha256(bytes))
    }

    /// Returns the content of the artifacts, by path.
    pub(super) fn read_artifacts(&self) -> BTreeMap<String, Vec<u8>> {
        self.read(|path| path.starts_with(ARTIFACTS), &<[u8]>::to_vec)
    }

    fn read<T>(
        &self,
        include: impl Fn(&Path) -> bool,
        of: &dyn Fn(&[u8]) -> T,
    ) -> BTreeMap<String, T> {
        let mut entries = BTreeMap::new();
        let mut folders = vec![self.base().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let Ok(below) = path.strip_prefix(self.base()) else { continue };
                // Links are not followed: they can lead anywhere.
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path.clone()),
                    Ok(kind) if include(below) => {
                        let name = below.display().to_string();
                        let bytes = if kind.is_file() { std::fs::read(&path) } else { Ok(vec![]) };
                        entries.insert(name, of(&bytes.unwrap_or_default()));
                    }
                    _ => {}
                }
            }
        }
        entries
    }
}
