//! Drivers that travel inside the program, and are extracted to the cache when they are used.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use tempfile::{NamedTempFile, TempDir};

use super::MAX_SIZE;
use crate::canonical;
use crate::fs::cache_dir::cache_dir;

/// A driver inside the program.
#[derive(Debug)]
pub struct EmbeddedDriver {
    /// Name of the driver.
    pub name: &'static str,
    /// SHA-256 of the component, 64 hex digits.
    pub sha256: &'static str,
    /// Size of the component, in bytes.
    pub size: u64,
    /// The component, compressed with gzip.
    pub gzip: &'static [u8],
}

static DRIVERS: OnceLock<&[EmbeddedDriver]> = OnceLock::new();

/// Declares the drivers inside this program.
pub fn declare(drivers: &'static [EmbeddedDriver]) {
    // A second call changes nothing.
    DRIVERS.set(drivers).ok();
}

/// Returns the drivers inside this program.
pub fn drivers() -> &'static [EmbeddedDriver] {
    DRIVERS.get().copied().unwrap_or_default()
}

/// The directory that drivers are extracted to.
#[derive(Debug)]
pub(super) enum ExtractionDir {
    /// In the user's cache, for later commands too.
    Cache(PathBuf),
    /// For this process only, because the cache cannot be used.
    Temporary(TempDir),
}

impl ExtractionDir {
    /// Creates the directory.
    ///
    /// # Errors
    /// Returns an error if neither the cache nor the directory for temporary files is writable.
    pub(super) fn create() -> io::Result<Self> {
        match cache_dir("drivers") {
            Ok(dir) => Ok(Self::Cache(dir)),
            Err(error) => {
                tracing::debug!("cannot use the cache of drivers: {error}");
                tempfile::Builder::new().prefix("osiris-").tempdir().map(Self::Temporary)
            }
        }
    }

    /// Returns the path of a driver once extracted: `<dir>/<start of the hash>/<name>.wasm`.
    pub(super) fn path_of(&self, driver: &EmbeddedDriver) -> PathBuf {
        let dir = match self {
            Self::Cache(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        };
        dir.join(&driver.sha256[..16]).join(driver.name).with_added_extension("wasm")
    }
}

impl EmbeddedDriver {
    /// Writes the component to `path` unless a file of its size is there. The content is compared
    /// with the hash when the driver is used.
    pub(super) fn extract(&self, path: &Path) -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == self.size) {
            return Ok(());
        }
        let bytes = self.bytes()?;
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut file = NamedTempFile::new_in(dir)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.persist(path)?;
        Ok(())
    }

    /// Returns the component.
    fn bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size as usize);
        GzDecoder::new(self.gzip).take(MAX_SIZE).read_to_end(&mut bytes)?;
        match canonical::sha256(&bytes) == self.sha256 {
            true => Ok(bytes),
            false => Err(io::Error::other("the program is damaged: install osiris again")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn driver(content: &[u8]) -> EmbeddedDriver {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(content).unwrap();
        EmbeddedDriver {
            name: "acme.crm_extractor",
            sha256: canonical::sha256(content).leak(),
            size: content.len() as u64,
            gzip: gzip.finish().unwrap().leak(),
        }
    }

    #[test]
    fn driver_is_extracted_once_and_replaced_if_its_size_differs() {
        let dir = tempfile::tempdir().unwrap();
        let driver = driver(b"component");
        let path = ExtractionDir::Cache(dir.path().to_owned()).path_of(&driver);
        assert!(path.ends_with("acme.crm_extractor.wasm"));
        driver.extract(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"component");
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        driver.extract(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), modified);
        fs::write(&path, "comp").unwrap();
        driver.extract(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"component");
    }

    #[test]
    fn damaged_program_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let damaged = EmbeddedDriver { sha256: driver(b"other").sha256, ..driver(b"component") };
        let path = dir.path().join("a.wasm");
        let error = damaged.extract(&path).unwrap_err().to_string();
        assert!(error.contains("the program is damaged"), "{error}");
        assert!(!path.exists());
    }
}
