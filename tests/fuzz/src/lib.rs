//! Code that all fuzz targets share.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use osiris_core::driver::spec::Spec;
use osiris_pipeline::compile::{Drivers, Found, Missing};
use tempfile::TempDir;

/// The specs of the drivers that come with the program, and of one that transforms.
static SPECS: LazyLock<Vec<Arc<Spec>>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../../plugins/filesystem_csv_extractor/spec.yaml"),
        include_str!("../../../plugins/filesystem_csv_writer/spec.yaml"),
        include_str!("../../../plugins/mysql_extractor/spec.yaml"),
        include_str!("../../../plugins/mysql_writer/spec.yaml"),
        include_str!("../../../plugins/postgres_extractor/spec.yaml"),
        include_str!("../../../plugins/postgres_writer/spec.yaml"),
        include_str!("../../drivers/passthrough/spec.yaml"),
    ];
    let parse = |text: &&str| Spec::parse(text.as_bytes(), Path::new("spec.yaml"));
    texts.iter().map(|text| Arc::new(parse(text).expect("the project's own specs"))).collect()
});

/// The project's drivers, which exist here only as specs.
#[derive(Debug)]
pub struct Specs;

impl Specs {
    /// All of them.
    pub fn all() -> &'static [Arc<Spec>] {
        &SPECS
    }
}

impl Drivers for Specs {
    fn find(&self, name: &str) -> Result<Found, Missing> {
        let spec = SPECS.iter().find(|spec| spec.name == name);
        let found = |spec: &Arc<Spec>| Found {
            spec: spec.clone(),
            sha256: "0".repeat(64),
            built_in: false,
        };
        spec.map(found).ok_or(Missing::Unknown { searched: vec![PathBuf::from("drivers")] })
    }

    fn names(&self) -> Vec<String> {
        SPECS.iter().map(|spec| spec.name.clone()).collect()
    }
}

/// A folder that is gone after the process, in memory where there is such a place.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a temporary folder can be made")
}

/// Waits for what waits for nobody.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime needs nothing").block_on(work)
}
