use std::fs;

use osiris_core::driver::limits::Limit;

use super::*;

fn problems(settings: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(SETTINGS_FILE), settings).unwrap();
    let error = Project::open(folder.path()).expect_err("invalid settings");
    error
        .into_diagnostics()
        .into_iter()
        .map(|problem| format!("{}: {}", problem.code, problem.message))
        .collect()
}

#[test]
fn nearest_folder_with_settings_is_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(root_of(&deep, None), deep);
    fs::write(folder.path().join(SETTINGS_FILE), "version: 1\n").unwrap();
    assert_eq!(root_of(&deep, None), folder.path());
    // The home directory ends the search, and is the last one searched.
    assert_eq!(root_of(&deep, Some(&deep)), deep);
    assert_eq!(root_of(&deep, Some(folder.path())), folder.path());
}

#[test]
fn settings_are_parsed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Project::open(folder.path()).unwrap().settings, Settings::default());
    let text = "version: 1\nprofile: dev\nlimits: {memory: 2GiB, seconds: 600}\n\
                files: {allow_read: [.env.sample, ./logs/]}\n";
    fs::write(folder.path().join(SETTINGS_FILE), text).unwrap();
    let settings = Project::open(folder.path()).unwrap().settings;
    assert_eq!(settings.profile.as_deref(), Some("dev"));
    assert_eq!(settings.limits, [(Limit::Memory, 2 << 30), (Limit::Seconds, 600)].into());
    let allowed: Vec<_> = settings.allow_read.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, [".env.sample", "logs"]);
}

#[test]
fn every_settings_problem_is_reported() {
    let table: [(&str, &[&str]); 5] = [
        ("", &["type_invalid: the settings must be a mapping, but is empty"]),
        (
            "profil: dev\n",
            &[
                "key_missing: the settings: missing key `version`",
                "key_unknown: the settings: unknown key `profil`",
            ],
        ),
        (
            "version: 2\n",
            &["version_unsupported: unsupported version of the settings: expected `1`"],
        ),
        (
            "version: 1\nlimits: {memory: lots, seconds: 0, cpu: 2, disc: 1GiB}\n",
            &[
                "limit_invalid: `limits`: `memory` must be a size like `512MiB`, but is `lots`",
                "limit_invalid: `limits`: `seconds` must be a whole number of seconds, at least 1, but is `0`",
                "key_unknown: `limits`: unknown key `disc`",
            ],
        ),
        (
            "version: 1\nfiles: {allow_read: [logs, data, ../.env, 7, [x]], allow_write: [logs]}\n",
            &[
                "files_invalid: `files`: `data` is not a reserved path",
                "files_invalid: `files`: `../.env` is not a path in the project",
                "type_invalid: `files`: `allow_read` must be a list of paths, but contains a whole number",
                "type_invalid: `files`: `allow_read` must be a list of paths, but contains a list",
                "key_unknown: `files`: unknown key `allow_write`",
            ],
        ),
    ];
    for (settings, expected) in table {
        assert_eq!(problems(settings), expected, "{settings}");
    }
}

#[test]
fn missing_project_folder_is_an_error() {
    let error = Project::open(Path::new("/no/such/folder")).expect_err("missing");
    assert_eq!(error.first().code, Code::ProjectMissing);
}
