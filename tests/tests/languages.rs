//! The same driver behaves alike in every language with an SDK.

use std::path::Path;

use osiris_tests::{Osiris, TestProject, built};

const PIPELINE: &str = "\
oml_version: 0.1.0
name: words
params: {column: text, minimum: 1}
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: texts.csv}}
  - id: count
    component: example.word_count
    mode: transform
    needs: [read]
    config: {column: '${params.column}', minimum: '${params.minimum}'}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [count], config: {path: words.csv}}
";

/// Text with spaces of all kinds, characters beyond 16 bits, a missing and an empty value.
const TEXTS: &str = "id,text\n\
    1,b a\tb \u{1F600} \u{FF5E}\n\
    2,\n\
    3,\"c b\n a\u{b}a\u{a0}a \u{c}Z  z\"\n\
    4,\"\"\n";

/// Returns the languages with an SDK, by their directories in `sdk/`.
fn languages() -> Vec<String> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk");
    let folders = std::fs::read_dir(sdk).unwrap().map(|entry| entry.unwrap());
    let mut languages: Vec<String> = folders
        .filter(|folder| folder.path().join("examples/word_count").is_dir())
        .map(|folder| folder.file_name().into_string().unwrap())
        .collect();
    languages.sort();
    assert!(languages.contains(&"rust".to_owned()), "{languages:?}");
    languages
}

/// Creates a project with a table of texts.
fn new_project(texts: &str) -> TestProject {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    project.write("texts.csv", texts);
    project
}

/// Returns a command that finds the driver in this language.
fn osiris(project: &TestProject, language: &str, arguments: &[&str]) -> Osiris {
    project.osiris(arguments).env("OSIRIS_DRIVERS", built::examples(language))
}

#[test]
fn every_language_counts_the_same_words() {
    let expected =
        "word,count\nb,3\nZ,1\na,1\na\u{b}a\u{a0}a,1\nc,1\nz,1\n\u{FF5E},1\n\u{1F600},1\n";
    for language in languages() {
        let project = new_project(TEXTS);
        osiris(&project, &language, &["run", "pipeline.yaml"]).run().expect(0);
        assert_eq!(project.read("words.csv"), expected, "{language}");
        let some = ["run", "pipeline.yaml", "--param", "minimum=2"];
        osiris(&project, &language, &some).run().expect(0);
        assert_eq!(project.read("words.csv"), "word,count\nb,3\n", "{language}");
    }
}

#[test]
fn every_language_splits_many_words_into_batches() {
    let words: Vec<String> = (0..20_000).map(|number| format!("w{number:05}")).collect();
    let texts: String = words.iter().map(|word| format!("{word} {word}\n")).collect();
    let lines: String = words.iter().map(|word| format!("{word},2\n")).collect();
    for language in languages() {
        let project = new_project(&format!("text\n{texts}"));
        osiris(&project, &language, &["run", "pipeline.yaml"]).run().expect(0);
        assert!(project.read("words.csv") == format!("word,count\n{lines}"), "{language}");
    }
}

#[test]
fn every_language_names_an_unusable_column() {
    for language in languages() {
        for (column, message) in [
            ("txt", "there is no column `txt`; there are: id, text"),
            ("id", "the column `id` is of type int64, not utf8"),
        ] {
            let project = new_project(TEXTS);
            let column = format!("column={column}");
            let run = ["run", "pipeline.yaml", "--param", &column];
            let finished = osiris(&project, &language, &run).run().expect(1);
            assert!(finished.stderr.contains(message), "{language}: {}", finished.stderr);
            assert!(!project.exists("words.csv"), "{language}");
        }
    }
}

#[test]
fn every_language_has_the_same_spec() {
    let mut specs = Vec::new();
    for language in languages() {
        let show = ["drivers", "show", "example.word_count", "--json"];
        let shown = osiris(&new_project(TEXTS), &language, &show).run().expect(0).json();
        specs.push((language, shown["spec"].clone()));
    }
    assert!(specs.windows(2).all(|two| two[0].1 == two[1].1), "{specs:#?}");
}
