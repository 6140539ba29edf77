//! Cache of discovery results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::project_dir::{ProjectDir, io_help};
use osiris_engine::Dataset;
use osiris_pipeline::connection::Reference;
use osiris_pipeline::project::Project;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Maximum bytes read of a cache file.
const LARGEST: u64 = 1 << 30;

/// A cached result. The fingerprint covers the resources only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Discovery {
    pub(super) discovered_at: String,
    pub(super) driver: String,
    /// Hash over the connection without its secrets and over the driver.
    pub(super) connection_fingerprint: String,
    pub(super) fingerprint: String,
    pub(super) duration_ms: u64,
    pub(super) resources: Vec<Dataset>,
}

/// Names of the datasets that differ from the previous result.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) changed: Vec<String>,
}

/// The cache file of a connection.
pub(super) struct DiscoveryCache {
    path: PathBuf,
    folder: ProjectDir,
    file: String,
}

impl DiscoveryCache {
    pub(super) fn of(project: &Project, reference: &Reference) -> Self {
        let Reference { family, alias } = reference;
        let path = Path::new(".osiris/cache/discovery").join(family);
        let folder = ProjectDir::new(project.base(), &path);
        Self { path, folder, file: format!("{alias}.json") }
    }

    /// Returns the directory of the file, relative to the project.
    pub(super) fn folder(&self) -> &Path {
        &self.path
    }

    /// Reads the cached result. Returns `None` if the file is missing or invalid.
    pub(super) fn read(&self) -> Option<Discovery> {
        serde_json::from_slice(&self.folder.read(&self.file, LARGEST).ok()??).ok()
    }

    pub(super) fn write(&self, discovery: &Discovery) -> Result<()> {
        let result =
            self.folder.write_atomic(&self.file, canonical::json(&json!(discovery)).as_bytes());
        result.map_err(|error| {
            let message = format!("cannot write the discovery cache: {error}");
            let help = io_help(&error, "make `.osiris/cache` writable and free disk space");
            let problem = Diagnostic::new(Code::CacheUnwritable, message).help(help);
            Error::environment(problem.in_file(&self.folder.path(&self.file)))
        })
    }
}

pub(super) fn is_fresh(cached: &Discovery, ttl: Duration) -> bool {
    let age = |since: Timestamp| Timestamp::now().duration_since(since);
    cached
        .discovered_at
        .parse()
        .is_ok_and(|since| Duration::try_from(age(since)).is_ok_and(|age| age < ttl))
}

/// Returns the dataset without values that change with every row.
pub(super) fn schema(resource: &Dataset) -> Dataset {
    Dataset { estimated_row_count: None, ..resource.clone() }
}

pub(super) fn compare(before: &[Dataset], after: &[Dataset]) -> Changes {
    let by_name = |resources: &[Dataset]| -> BTreeMap<String, Dataset> {
        resources.iter().map(|resource| (resource.name.clone(), schema(resource))).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let mut changes = Changes::default();
    for (name, resource) in &after {
        match before.get(name) {
            None => changes.added.push(name.clone()),
            Some(old) if old != resource => changes.changed.push(name.clone()),
            Some(_) => {}
        }
    }
    changes.removed = before.into_keys().filter(|name| !after.contains_key(name)).collect();
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use osiris_engine::Column;

    fn table(name: &str, rows: u64, column: &str) -> Dataset {
        Dataset {
            name: name.to_owned(),
            kind: "table".to_owned(),
            estimated_row_count: Some(rows),
            fields: vec![Column {
                name: column.to_owned(),
                native_type: "int".to_owned(),
                format: "l".to_owned(),
                nullable: true,
                primary_key: false,
            }],
        }
    }

    #[cfg(unix)]
    #[test]
    fn cached_discovery_reads_back_and_symlinks_are_refused() {
        let (base, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let project = Project::open(base.path()).unwrap();
        let reference = Reference { family: "mysql".to_owned(), alias: "main".to_owned() };
        let cache = DiscoveryCache::of(&project, &reference);
        assert!(cache.read().is_none());
        let discovery = Discovery {
            discovered_at: String::new(),
            driver: "mysql.extractor".to_owned(),
            connection_fingerprint: String::new(),
            fingerprint: String::new(),
            duration_ms: 1,
            resources: vec![table("a", 1, "x")],
        };
        cache.write(&discovery).unwrap();
        assert_eq!(cache.read().unwrap().resources, discovery.resources);

        let cache_dir = base.path().join(".osiris/cache");
        std::fs::remove_dir_all(&cache_dir).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &cache_dir).unwrap();
        assert!(cache.read().is_none());
        let error = cache.write(&discovery).unwrap_err().to_string();
        assert!(error.contains("/.osiris/cache` is a symlink"), "{error}");
        assert!(error.contains("help: remove the symlink: `rm '"), "{error}");
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn compare_lists_added_removed_and_changed_tables() {
        let before = [table("a", 1, "x"), table("b", 1, "x"), table("c", 1, "x")];
        let after = [table("a", 2, "x"), table("b", 1, "y"), table("d", 1, "x")];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let changes = compare(&before, &after);
        let expected =
            Changes { added: names(&["d"]), removed: names(&["c"]), changed: names(&["b"]) };
        assert_eq!(changes, expected);
    }
}
