//! Shell completions.

use std::time::Duration;

use osiris_tests::TestProject;

/// Returns the completions of the last word in bash.
fn completions(project: &TestProject, words: &[&str]) -> Vec<String> {
    let index = words.len().to_string();
    let arguments = ["--", "osiris"].iter().chain(words).copied();
    let osiris = project.osiris(arguments).env("OSIRIS_COMPLETE", "bash").test_drivers();
    let osiris = osiris.env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", index);
    let finished = osiris.run().expect(0);
    assert_eq!(finished.stderr, "", "{words:?}");
    assert!(finished.took < Duration::from_secs(5), "{:?}", finished.took);
    finished.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn names_of_the_project_are_completed() {
    let project = TestProject::new();
    project.osiris(["init", "--template", "csv-to-postgres"]).run().expect(0);
    project.osiris(["init"]).run().expect(0);
    project.osiris(["run", "hello"]).run().expect(0);
    for (words, expected) in [
        (&["run", "he"][..], "hello"),
        (&["run", "hello", "--sel"], "--select"),
        (&["run", "hello", "--select", ""], "write-planets"),
        (&["preview", "hello", "--step", "read"], "read-planets"),
        (&["drivers", "show", "test.so"], "test.source"),
        (&["connections", "doctor", ""], "@postgres.main"),
        (&["copy", "@post"], "@postgres.main"),
        (&["copy", "data/pl"], "data/planets.csv"),
    ] {
        let all = completions(&project, words);
        assert!(all.iter().any(|one| one == expected), "{words:?}: {all:?}");
    }
    let runs = completions(&project, &["runs", "show", ""]);
    let list = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    let id = list["runs"][0]["session_id"].as_str().unwrap();
    assert!(runs.iter().any(|short| id.ends_with(short.as_str())), "{runs:?}");
}

#[test]
fn broken_project_completes_nothing_in_silence() {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: [");
    project.write("osiris_connections.yaml", "\0");
    for words in
        [&["runs", "show", ""][..], &["drivers", "show", ""], &["connections", "doctor", ""]]
    {
        let all = completions(&project, words);
        assert!(all.iter().all(|one| one.starts_with("--")), "{words:?}: {all:?}");
    }
}

#[test]
fn scripts_call_the_program() {
    let project = TestProject::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = project.osiris(["completions", shell]).run().expect(0).stdout;
        assert!(
            script.contains("OSIRIS_COMPLETE") && script.contains("osiris"),
            "{shell}: {script}"
        );
    }
    let unknown = project.osiris(["--", "osiris", "run", ""]).env("OSIRIS_COMPLETE", "tcsh");
    assert_eq!(unknown.run().expect(0).stdout, "");
}
