//! The kinds of runs: a project, its pipelines, and the expected ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::limits::{Limit, Limits};
use osiris_engine::{Engine, EngineConfig};
use osiris_pipeline::compile::{Build, Options};
use osiris_pipeline::connection::Environment;
use osiris_pipeline::project::Project;
use osiris_runtime::run::{self, RunProgress};
use osiris_runtime::session::RunStatus;
use osiris_runtime::{ConnectedBuild, Workspace};
use osiris_tests::built;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A kind of run.
pub(crate) struct Kind {
    name: &'static str,
    steps: &'static str,
    /// The kind of the expected failure, `None` for success.
    fails: Option<&'static str>,
    /// Whether the run is cancelled after rows have arrived at its last step.
    cancelled: bool,
}

const fn ends(name: &'static str, fails: Option<&'static str>, steps: &'static str) -> Kind {
    Kind { name, steps, fails, cancelled: false }
}

const COPY: Kind = ends(
    "copy",
    None,
    "  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: pass, component: test.passthrough, mode: transform, config: {rebuild: true}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}",
);

/// The kinds, in the order in which they run.
pub(crate) const MIX: [Kind; 12] = [
    COPY,
    ends(
        "spill",
        None,
        "  - {id: source, component: test.source, mode: read, config: {rows: 30000, text: a text that fills the edge because it has more than a hundred characters in each row of the table that is made here}}
  - {id: fast, component: test.passthrough, mode: transform, needs: [source]}
  - {id: both, component: test.passthrough, mode: transform, needs: [fast, source]}
  - {id: write, component: test.sink, mode: write, needs: [both], config: {path: ids.txt}}",
    ),
    ends(
        "failure",
        Some("data"),
        "  - {id: source, component: test.source, mode: read, config: {then: fail}}
  - {id: pass, component: test.passthrough, mode: transform}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}",
    ),
    COPY,
    Kind {
        cancelled: true,
        ..ends(
            "cancel",
            Some("cancelled"),
            "  - {id: source, component: test.source, mode: read, config: {then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}",
        )
    },
    ends("trap", Some("trap"), "  - {id: a, component: test.hostile, mode: read, config: {attack: trap}}"),
    COPY,
    ends(
        "panic beside a writer",
        Some("panic"),
        "  - {id: a, component: test.hostile, mode: read, config: {attack: panic}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}",
    ),
    ends(
        "batch that is not sound",
        Some("protocol"),
        "  - {id: a, component: test.hostile, mode: read, config: {attack: offsets-beyond-values}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}",
    ),
    ends(
        "handles without end",
        Some("limit"),
        "  - {id: a, component: test.hostile, mode: read, config: {attack: pollables-hoarded}}",
    ),
    ends(
        "memory without end",
        Some("limit"),
        "  - {id: a, component: test.hostile, mode: read, config: {attack: memory-bomb}}",
    ),
    ends(
        "recursion without end",
        Some("trap"),
        "  - {id: a, component: test.hostile, mode: read, config: {attack: endless-recursion}}",
    ),
];

/// A project with everything that runs need.
pub(crate) struct Fixture {
    folder: TempDir,
    workspace: Workspace,
    builds: Vec<(&'static str, Build)>,
    runtime: Runtime,
}

impl Fixture {
    /// Creates the project and compiles every pipeline.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in.csv"), "id,name\n1,one\n2,two\n3,three\n").unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let project = Project::open(folder.path()).unwrap();
        let csv_drivers = ["filesystem.csv_extractor", "filesystem.csv_writer"];
        let csv_drivers =
            csv_drivers.map(|name| built::folder().join("drivers").join(format!("{name}.wasm")));
        let test_drivers = ["hostile", "passthrough", "sink", "source"];
        let test_drivers = test_drivers.map(|name| built::test_driver(&format!("test.{name}")));
        let files: Vec<PathBuf> = csv_drivers.into_iter().chain(test_drivers).collect();
        let drivers = Arc::new(DriverCatalog::from_files(&files).unwrap());
        let workspace = Workspace { project, drivers };
        let builds = MIX.iter().map(|kind| {
            let file = folder.path().join("pipeline.yaml");
            let text = format!("oml_version: 0.1.0\nname: soak\nsteps:\n{}\n", kind.steps);
            fs::write(&file, text).unwrap();
            let build = workspace.compile(&file, &Options::default());
            (kind.name, build.unwrap_or_else(|error| panic!("{}: {error}", kind.name)))
        });
        let builds = builds.collect();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self { folder, workspace, builds, runtime }
    }

    /// Does everything that `osiris run` does, in this process, and removes the session.
    pub(crate) fn run(&self, kind: &Kind) {
        let (_, build) = self.builds.iter().find(|(name, _)| *name == kind.name).unwrap();
        let workspace = &self.workspace;
        let environment = Environment::read(workspace.project.base()).unwrap();
        let connected = ConnectedBuild::resolve(workspace, build, &environment).unwrap();
        let limits = Limits::default().clamped_by(&[(Limit::Memory, 64 << 20)].into());
        let job = connected.job(workspace, limits);
        let config = EngineConfig { cache: Some(built::cache()), ..EngineConfig::default() };
        let engine = Engine::with_config(&config).unwrap();
        let prepared = run::prepare(engine, &workspace.drivers, job, |_| {}).unwrap();
        let progress = Arc::new(RunProgress::new(prepared.tasks()));
        let session = connected.session(workspace, build).unwrap();
        let status = self.runtime.block_on(async {
            let cancel = CancellationToken::new();
            let work = run::execute(prepared, &session, progress.clone(), cancel.clone());
            let stop = async {
                if kind.cancelled {
                    while progress.snapshot().last().unwrap().rows_in == 0 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    cancel.cancel();
                }
            };
            tokio::join!(work, stop).0.unwrap()
        });
        let expected = match (kind.fails, kind.cancelled) {
            (None, _) => RunStatus::Success,
            (Some(_), true) => RunStatus::Cancelled,
            (Some(_), false) => RunStatus::Failed,
        };
        let why = status.error.as_ref().map(|error| error.kind.as_str());
        assert_eq!(
            (status.status, why),
            (expected, kind.fails),
            "{}: {:?}",
            kind.name,
            status.error
        );
        let dir = session.dir().to_owned();
        drop(session);
        fs::remove_dir_all(dir).unwrap();
    }

    /// Returns the files that no run should have left.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let expected = ["data", "in.csv", "ids.txt", "logs", "out.csv", "pipeline.yaml", ".osiris"];
        let mut leftovers = names(self.folder.path());
        leftovers.retain(|name| !expected.contains(&name.as_str()));
        leftovers.extend(names(&self.workspace.project.layout.tmp_dir()));
        leftovers.extend(names(&self.workspace.project.layout.logs_dir()));
        leftovers.extend(names(&self.workspace.project.layout.state_dir()));
        leftovers
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
