//! Output of a worker in a sandbox, written to the session's files: every record is one line, and
//! no line contains a secret.
#![no_main]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex};
use std::{fs, io};

use libfuzzer_sys::fuzz_target;
use osiris_core::redact::Redactor;
use osiris_e2b::protocol::Message;
use osiris_e2b::runner::fuzzing;
use osiris_fuzz::Specs;
use osiris_pipeline::compile::{self, Options};
use osiris_pipeline::manifest::Manifest;
use osiris_pipeline::project::Project;
use osiris_runtime::run::RunProgress;
use osiris_runtime::session::{RunFacts, Session, files};
use tempfile::TempDir;

const PIPELINE: &str = r#"
oml_version: "0.1.0"
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
"#;
const SECRET: &str = "hide-me-Q7";
/// Runs of the target per session: the session's files would otherwise grow without bound.
const LASTS: u32 = 500;

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);
static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let file = FOLDER.path().join("pipeline.yaml");
    fs::write(&file, PIPELINE).expect("the folder is ours");
    let project = Project::open(FOLDER.path()).expect("a project");
    compile::check(&project, &file, &Options::default(), &Specs).expect("it is valid").manifest
});
static RUNS: AtomicU32 = AtomicU32::new(0);
static SESSION: Mutex<Option<Session>> = Mutex::new(None);

fuzz_target!(|text: &[u8]| {
    // The length determines the chunks, so that a seed contains nothing but a worker's output.
    let Ok(messages) = fuzzing::messages(text.chunks(1 + text.len() % 61)) else { return };
    // The messages are the same regardless of the chunks.
    assert_eq!(fuzzing::messages([text]).as_ref(), Ok(&messages));
    if messages.is_empty() {
        return;
    }
    let session = session();
    let board = RunProgress::default();
    for message in messages {
        match message {
            Message::Record { record } => session.record(record),
            Message::Progress { steps } => board.apply_remote(&steps),
            Message::Finished { status, .. } => {
                if let Some(status) = fuzzing::validate_status(*status, &session) {
                    assert_eq!(status.session_id, session.id());
                    assert!(serde_json::to_string(&status).is_ok());
                }
            }
            _ => {}
        }
    }
    session.check().expect("lines can be written");
});

/// Returns the current session. After the last run of a session, checks and removes its files.
fn session() -> Session {
    let mut slot = SESSION.lock().expect("no other thread");
    if RUNS.fetch_add(1, Relaxed).is_multiple_of(LASTS) {
        if let Some(old) = slot.take() {
            look_at(&old).expect("its files can be read");
            fs::remove_dir_all(old.dir()).expect("the folder is ours");
        }
        let redactor = Redactor::new(vec![SECRET.to_owned()]).expect("one short secret");
        let logs = FOLDER.path().join("logs");
        let facts = RunFacts::default();
        let session = Session::create(&logs, &MANIFEST, b"", redactor, facts);
        *slot = Some(session.expect("a session"));
    }
    slot.clone().expect("it was just made")
}

fn look_at(session: &Session) -> io::Result<()> {
    for name in [files::EVENTS, files::METRICS, files::LOG] {
        let text = fs::read_to_string(session.dir().join(name))?;
        assert!(!text.contains(SECRET), "{name} holds the secret");
        assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{name}");
        if name != files::LOG {
            for line in text.lines() {
                let value: serde_json::Value = serde_json::from_str(line)?;
                assert_eq!(value["session_id"], session.id(), "{name}: {line}");
            }
        }
    }
    Ok(())
}
