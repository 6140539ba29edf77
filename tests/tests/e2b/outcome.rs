//! What every run must leave, however it ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use osiris_tests::session::Session;
use osiris_tests::{Finished, Sandbox};

use crate::place::{IDS, Place, SHORT};

/// What happens in the short run on this machine, sorted.
static LOCAL: LazyLock<Vec<String>> = LazyLock::new(|| {
    let sandbox = Sandbox::new();
    sandbox.write("pipeline.yaml", SHORT);
    sandbox.osiris(["run", "pipeline.yaml"]).guests().run().expect(0);
    events(&Session::only(&sandbox))
});

/// Files of a folder that were to become others, wherever they are.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the project can be read").flatten();
    let found = entries.map(|entry| entry.path()).flat_map(|path| match path.is_dir() {
        true => parts(&path),
        false => vec![path],
    });
    found.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
}

/// The names of all events but those that only a run in a sandbox has, sorted.
fn events(session: &Session) -> Vec<String> {
    let names = session.events.iter().filter_map(|event| event["event_type"].as_str());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("e2b_")).collect();
    names.sort_unstable();
    names.into_iter().map(str::to_owned).collect()
}

impl Place {
    /// The short run went well: everything came, once, and nothing is left.
    #[track_caller]
    pub(crate) fn assert_well(&self, finished: Finished) -> Finished {
        let finished = finished.expect(0);
        assert_eq!(self.sandbox.read("ids.txt"), IDS);
        assert_eq!(self.sandbox.files(), ["ids.txt", "pipeline.yaml"]);
        let session = self.last_session();
        assert_eq!(session.status["status"], "success");
        assert_eq!(session.status["rows_written"], 3);
        assert_eq!(events(&session), *LOCAL);
        self.assert_empty();
        finished
    }

    /// The long run went well.
    #[track_caller]
    pub(crate) fn assert_long_well(&self, finished: Finished) {
        finished.expect(0);
        let ids = self.sandbox.read("ids.txt");
        let same = ids.lines().enumerate().all(|(at, line)| line.parse() == Ok(at));
        assert!(same && ids.lines().count() == 3_000_000, "{} bytes of ids", ids.len());
        assert_eq!(self.sandbox.files(), ["ids.txt", "pipeline.yaml"]);
        assert_eq!(self.last_session().status["status"], "success");
        self.assert_empty();
    }

    /// The run failed with this exit code and kind and all these words, and left
    /// nothing that looks whole.
    #[track_caller]
    pub(crate) fn assert_failed(&self, finished: Finished, exit: i32, kind: &str, words: &[&str]) {
        self.assert_ended(finished, exit, "failed", kind, words);
    }

    /// The same with any state.
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
        // Who is told by an error sees all of it; who has cancelled knows why.
        if state == "failed" {
            assert!(
                words.iter().all(|word| finished.stderr.contains(word)),
                "{words:?} is not in {}",
                finished.stderr
            );
        }
        assert_eq!(self.sandbox.files(), ["pipeline.yaml"]);
        self.assert_empty();
    }

    /// No sandbox lives, and nothing here is half done.
    #[track_caller]
    pub(crate) fn assert_empty(&self) {
        assert_eq!(self.e2b.sandboxes(), []);
        assert_eq!(parts(&self.sandbox.project()), [PathBuf::new(); 0]);
    }

    /// The worker itself came to an end, and what it left was fetched.
    #[track_caller]
    pub(crate) fn assert_in_order(&self) {
        let session = self.last_session();
        let names = session.events.iter().filter_map(|event| event["event_type"].as_str());
        let names: Vec<_> = names.collect();
        assert!(names.contains(&"e2b_downloaded"), "{names:?}");
    }

    /// The youngest session, whose files keep to their schemas.
    #[track_caller]
    pub(crate) fn last_session(&self) -> Session {
        let mut all = Session::all(&self.sandbox).unwrap_or_else(|error| panic!("{error}"));
        all.pop().expect("there was a run")
    }
}
