//! A project with an emulator of E2B.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use e2b_local::{E2bLocal, Options, Template, TemplateFile};
use osiris_tests::wait::wait_for;
use osiris_tests::{Osiris, Running, TestProject, built};

use crate::runtime::{self, stripped};
use crate::worker::Worker;

/// Maximum wait for something that is certain to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Template with osiris and the drivers of the tests.
pub(crate) const TEMPLATE: &str = "osiris";

/// Writes three rows to a file.
pub(crate) const SHORT: &str = "\
oml_version: 0.1.0
name: short
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 3}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Content of the file after the short run.
pub(crate) const IDS: &str = "0\n1\n2\n";

/// Runs long enough to be interrupted.
pub(crate) const LONG: &str = "\
oml_version: 0.1.0
name: long
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 3000000, batch: 1000}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Runs until stopped.
pub(crate) const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 1000, batch: 100, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// A project with a pipeline and its E2B service. All files are removed on drop.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) e2b: Arc<E2bLocal>,
    pub(crate) project: TestProject,
    pub(crate) runtime: PathBuf,
}

impl Fixture {
    pub(crate) fn new(pipeline: &str) -> Self {
        Self::with(pipeline, Options::default())
    }

    pub(crate) fn with(pipeline: &str, mut options: Options) -> Self {
        options.templates.insert(TEMPLATE.to_owned(), equipment());
        let e2b = E2bLocal::start(options).expect("loopback has free ports");
        Self::at(Arc::new(e2b), pipeline)
    }

    /// Creates another project with the same emulator.
    pub(crate) fn beside(&self, pipeline: &str) -> Self {
        Self::at(self.e2b.clone(), pipeline)
    }

    fn at(e2b: Arc<E2bLocal>, pipeline: &str) -> Self {
        let project = TestProject::new();
        project.write("pipeline.yaml", pipeline);
        Self { e2b, project, runtime: stripped() }
    }

    /// Returns `osiris` with these arguments, configured for the emulator.
    pub(crate) fn osiris(&self, arguments: &[&str]) -> Osiris {
        let osiris = self.project.osiris(arguments).test_drivers();
        let osiris = osiris.env("OSIRIS_E2B_RUNTIME", &self.runtime);
        self.e2b.env().into_iter().fold(osiris, |osiris, (name, value)| osiris.env(name, value))
    }

    /// Returns the command that runs the pipeline in a sandbox.
    pub(crate) fn run(&self, more: &[&str]) -> Osiris {
        let arguments = ["run", "pipeline.yaml", "--e2b", "--e2b-template", TEMPLATE];
        self.osiris(&[&arguments, more].concat())
    }

    /// Waits for the only sandbox and returns its id.
    pub(crate) fn id(&self) -> String {
        wait_for("a sandbox", PATIENCE, || self.e2b.sandboxes().pop().map(|living| living.id))
    }

    /// Starts the run and waits until its last step has written some output.
    pub(crate) fn in_mid_run(&self, more: &[&str]) -> (Running, Worker) {
        let mut running = self.run(more).start();
        let home = self.e2b.home(&self.id()).expect("it lives");
        let session = wait_for("the session's folder", PATIENCE, || {
            let mut entries = fs::read_dir(home.join("session")).ok()?;
            Some(entries.next()?.ok()?.file_name())
        });
        running.wait_for_part(&home.join("session").join(session).join("ids.txt"));
        (running, Worker::find(&self.project))
    }

    /// Returns all messages of the worker in the only sandbox.
    pub(crate) fn said(&self) -> String {
        let home = self.e2b.home(&self.id()).expect("it lives");
        let osiris = fs::read_dir(home.join(".osiris")).expect("it is there");
        let mut streams = osiris.flatten().map(|entry| entry.path().join("stream.jsonl"));
        let stream = streams.find(|path| path.exists()).expect("the worker has begun");
        fs::read_to_string(stream).expect("it can be read")
    }

    /// Waits until a route was requested.
    pub(crate) fn wait_for_request(&self, route: &str) {
        wait_for(route, PATIENCE, || self.e2b.requests().contains_key(route).then_some(()));
    }

    /// Returns the number of living sandboxes.
    pub(crate) fn living(&self) -> usize {
        self.e2b.sandboxes().len()
    }
}

/// Returns the files that `osiris e2b template` puts into a template, as far as these tests need
/// them.
pub(crate) fn equipment() -> Template {
    let file = |from: PathBuf, to: &str| TemplateFile { from, to: to.to_owned(), mode: 0o755 };
    let mut files = vec![file(stripped(), runtime::PLACE)];
    for name in ["test.source", "test.sink", "test.hostile"] {
        let to = format!("/usr/local/lib/osiris/drivers/{name}.wasm");
        files.push(file(built::test_driver(name), &to));
    }
    Template { files, envd_version: None }
}
