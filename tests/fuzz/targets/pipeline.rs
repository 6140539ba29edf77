//! A pipeline's text, compiled to a manifest: every text is either rejected with problems located
//! inside it, or compiles to the same manifest each time.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use osiris_fuzz::Specs;
use osiris_pipeline::compile::{self, Options};
use osiris_pipeline::project::Project;
use tempfile::TempDir;

static PLACE: LazyLock<(TempDir, Project)> = LazyLock::new(|| {
    let folder = osiris_fuzz::folder();
    let project = Project::open(folder.path()).expect("an empty folder is a project");
    (folder, project)
});

fuzz_target!(|text: &[u8]| -> Corpus {
    let (folder, project) = &*PLACE;
    let file = folder.path().join("pipeline.yaml");
    fs::write(&file, text).expect("the folder is ours");
    let check = || compile::check(project, &file, &Options::default(), &Specs);
    match check() {
        Ok(checked) => {
            assert_eq!(check().expect("as before"), checked);
            let ids: Vec<_> = checked.manifest.steps.iter().map(|step| &step.id).collect();
            assert!(ids.iter().all(|id| checked.configs.contains_key(*id)), "{ids:?}");
        }
        Err(error) => {
            assert!(!error.diagnostics().is_empty());
            // In YAML, a carriage return also ends a line.
            let lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).count();
            for problem in error.diagnostics() {
                let position = problem.location.as_ref().and_then(|location| location.position);
                assert!(position.is_none_or(|at| at.line as usize <= lines + 1), "{problem}");
            }
            assert!(!error.to_string().is_empty());
        }
    }
    Corpus::Keep
});
