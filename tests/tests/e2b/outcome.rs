//! Checks of the files that every run must leave, in success and failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject};

use crate::fixture::{Fixture, IDS, SHORT};

/// Events of the short run on this machine, sorted.
static LOCAL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let project = TestProject::new();
    project.write("pipeline.yaml", SHORT);
    project.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(0);
    events(&Session::only(&project))
});

/// Returns the unfinished downloads below a directory.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the project can be read").flatten();
    let found = entries.map(|entry| entry.path()).flat_map(|path| match path.is_dir() {
        true => parts(&path),
        false => vec![path],
    });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

/// Returns the names of all events except those of sandboxes, sorted.
fn events(session: &Session) -> Vec<String> {
    let names = session.events.iter().filter_map(|event| event["event_type"].as_str());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("e2b_")).collect();
    names.sort_unstable();
    names.into_iter().map(str::to_owned).collect()
}

impl Fixture {
    /// Checks that the short run succeeded: all output arrived exactly once, and no sandbox is
    /// left.
    #[track_caller]
    pub(crate) fn assert_well(&self, finished: Finished) -> Finished {
        let finished = finished.expect(0);
        assert_eq!(self.project.read("ids.txt"), IDS);
        assert_eq!(self.project.files(), ["ids.txt", "pipeline.yaml"]);
        let session = self.last_session();
        assert_eq!(session.status["status"], "success");
        assert_eq!(session.status["rows_written"], 3);
        assert_eq!(events(&session), *LOCAL);
        self.assert_empty();
        finished
    }

    /// Checks that the long run succeeded.
    #[track_caller]
    pub(crate) fn assert_long_well(&self, finished: Finished) {
        finished.expect(0);
        let ids = self.project.read("ids.txt");
        let same = ids.lines().enumerate().all(|(at, line)| line.parse() == Ok(at));
        assert!(same && ids.lines().count() == 3_000_000, "{} bytes of ids", ids.len());
        assert_eq!(self.project.files(), ["ids.txt", "pipeline.yaml"]);
        assert_eq!(self.last_session().status["status"], "success");
        self.assert_empty();
    }

    /// Checks that the run failed with this exit code, kind and all these words, and left no file
    /// that looks complete.
    #[track_caller]
    pub(crate) fn assert_failed(&self, finished: Finished, exit: i32, kind: &str, words: &[&str]) {
        self.assert_ended(finished, exit, "failed", kind, words);
    }

    /// Like `assert_failed`, with any final state.
    #[track_caller]
    pub(crate) fn assert_ended(
        &self,
        finished: Finished,
        exit: i32,
        state: &str,
        kind: &str,
        words: &[&str],
    ) {
        let finished = finished.expect(exit);
        let session = self.last_session();
        assert_eq!(session.status["status"], state, "{:#}", session.status);
        assert_eq!(session.status["exit_code"], exit, "{:#}", session.status);
        assert_eq!(session.status["error"]["kind"], kind, "{:#}", session.status);
        let message = session.status["error"]["message"].as_str().expect("there is a reason");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
        // A failed run prints the whole error; a user who cancelled knows the reason.
        if state == "failed" {
            assert!(
                words.iter().all(|word| finished.stderr.contains(word)),
                "{words:?} is not in {}",
                finished.stderr
            );
        }
        assert_eq!(self.project.files(), ["pipeline.yaml"]);
        self.assert_empty();
    }

    /// Checks that no sandbox is alive and no partial file exists on this machine.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.e2b.sandboxes(), []);
        let parts = parts(&self.project.root());
        assert!(parts.is_empty(), "{parts:?}");
    }

    /// Checks that the worker came to a proper end and its files were downloaded.
    #[track_caller]
    pub(crate) fn assert_in_order(&self) {
        let session = self.last_session();
        let names = session.events.iter().filter_map(|event| event["event_type"].as_str());
        let names: Vec<_> = names.collect();
        assert!(names.contains(&"e2b_downloaded"), "{names:?}");
    }

    /// Returns the latest session, checked against the schemas.
    #[track_caller]
    pub(crate) fn last_session(&self) -> Session {
        let mut all = Session::all(&self.project).unwrap_or_else(|error| panic!("{error}"));
        all.pop().expect("there was a run")
    }
}
