//! The layout of a project directory: the places of the files that osiris itself reads and writes.

use std::path::{Path, PathBuf};

/// The file that makes a directory a project.
pub const SETTINGS_FILE: &str = "osiris.yaml";

/// The file that pins the project's drivers by their bytes.
pub const LOCK_FILE: &str = "osiris.lock";

/// The file of the project's connections.
pub const CONNECTIONS_FILE: &str = "osiris_connections.yaml";

/// The directory of the project's pipelines.
pub const PIPELINES_DIR: &str = "pipelines";

/// The directory of the project's own drivers.
pub const DRIVERS_DIR: &str = "drivers";

/// The directory of the runs' logs.
pub const LOGS_DIR: &str = "logs";

/// The directory of everything that osiris keeps for itself.
pub const OWN_DIR: &str = ".osiris";

/// The directory of the state that steps keep between runs.
pub const STATE_DIR: &str = ".osiris/state";

/// The directory for files that are deleted after a run.
pub const TMP_DIR: &str = ".osiris/tmp";

/// Name of the file that points to the last compiled build.
pub const LAST_COMPILE: &str = "last_compile";

/// The places of osiris's own files in one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectLayout {
    /// The project directory, absolute and without symlinks. Drivers see it as `/`.
    pub base: PathBuf,
}

impl ProjectLayout {
    /// Returns the layout below `base`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned() }
    }

    /// Returns the path of the settings: `osiris.yaml`.
    pub fn settings_file(&self) -> PathBuf {
        self.base.join(SETTINGS_FILE)
    }

    /// Returns the path of the lockfile, which pins the project's drivers by their bytes:
    /// `osiris.lock`.
    pub fn lock_file(&self) -> PathBuf {
        self.base.join(LOCK_FILE)
    }

    /// Returns the directory of the project's pipelines: `pipelines`.
    pub fn pipelines_dir(&self) -> PathBuf {
        self.base.join(PIPELINES_DIR)
    }

    /// Returns the directory of the project's own drivers: `drivers`.
    pub fn drivers_dir(&self) -> PathBuf {
        self.base.join(DRIVERS_DIR)
    }

    /// Returns the path of the project's own driver of this name. The file does not have to exist.
    pub fn driver(&self, name: &str) -> PathBuf {
        self.drivers_dir().join(format!("{name}.wasm"))
    }

    /// Returns the directory of the runs' logs: `logs`.
    pub fn logs_dir(&self) -> PathBuf {
        self.base.join(LOGS_DIR)
    }

    /// Returns the directory of compiled pipelines: `.osiris/build`.
    pub fn build_dir(&self) -> PathBuf {
        self.base.join(OWN_DIR).join("build")
    }

    /// Returns the directory of the state that steps keep between runs: `.osiris/state`.
    pub fn state_dir(&self) -> PathBuf {
        self.base.join(STATE_DIR)
    }

    /// Returns the directory for files that are deleted after a run: `.osiris/tmp`.
    pub fn tmp_dir(&self) -> PathBuf {
        self.base.join(TMP_DIR)
    }

    /// Returns the directory of pointers to the latest results: `.osiris/index`.
    pub fn index_dir(&self) -> PathBuf {
        self.base.join(OWN_DIR).join("index")
    }

    /// Returns the path of the file that points to the last compiled build.
    pub fn last_compile(&self) -> PathBuf {
        self.index_dir().join(LAST_COMPILE)
    }
}
