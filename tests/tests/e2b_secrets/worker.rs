//! A run paused in the middle, and the worker's process.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use osiris_tests::secret::SECRET;
use osiris_tests::service::new_project;
use osiris_tests::{Cloud, Finished, Running, TestProject};

/// A run whose first step waits for its service.
pub(crate) struct Held {
    pub(crate) cloud: Cloud,
    pub(crate) project: TestProject,
    running: Running,
    waiting: TcpStream,
}

impl Held {
    /// Starts the run and returns when the step waits.
    pub(crate) fn start(more: &[&str], variables: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let cloud = Cloud::equipped();
        let project = new_project("127.0.0.1", port, "tell: true");
        let mut osiris = cloud.run(&project, "pipeline.yaml", more).env("SECRET", SECRET);
        for (name, value) in variables {
            osiris = osiris.env(name, value);
        }
        let running = osiris.start();
        let (waiting, _) = listener.accept().expect("the step dials");
        let mut line = String::new();
        BufReader::new(&waiting).read_line(&mut line).expect("it says hello");
        Self { cloud, project, running, waiting }
    }

    /// Lets the step continue.
    pub(crate) fn finish(mut self) -> (Cloud, TestProject, Finished) {
        writeln!(self.waiting, "heard hello").expect("the step listens");
        drop(self.waiting);
        (self.cloud, self.project, self.running.finish())
    }
}

/// Returns the worker's process, by its directory in `/proc`.
pub(crate) fn process(session: &str) -> PathBuf {
    let folder = format!("/.osiris/run-{session}");
    let own = |path: &PathBuf| {
        let arguments = fs::read(path.join("cmdline")).unwrap_or_default();
        let arguments: Vec<_> = arguments.split(|byte| *byte == 0).collect();
        // Before it becomes osiris, the command line is the shell's.
        arguments.get(1) == Some(&&b"worker"[..])
            && arguments.iter().any(|argument| argument.ends_with(folder.as_bytes()))
    };
    let processes = fs::read_dir("/proc").expect("there are processes").flatten();
    processes.map(|entry| entry.path()).find(own).expect("the worker runs")
}

/// Returns the variables of a process, as `NAME=VALUE`.
pub(crate) fn variables(process: &std::path::Path) -> Vec<String> {
    let bytes = fs::read(process.join("environ")).expect("it runs and is ours");
    let texts = bytes.split(|byte| *byte == 0).filter(|text| !text.is_empty());
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
