//! The E2B key stays on this machine.

use std::fs;

use osiris_tests::session::Session;
use osiris_tests::{Cloud, TestProject};

use crate::worker::{Held, process, variables};

/// Returns every file below a directory that contains a text.
fn holding(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it can be read").flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn key_is_absent_from_sandbox_and_local_files() {
    let more = ["--verbose", "--e2b-env", "SHOWN=value", "--e2b-pass-env", "PASSED"];
    let held = Held::start(&more, &[("PASSED", "from here")]);
    let key = held.cloud.local().key.clone();
    let status = Session::only(&held.project).status;
    let variables = variables(&process(status["session_id"].as_str().expect("an id")));
    for wanted in ["SHOWN=value", "PASSED=from here", "E2B_SANDBOX=true"] {
        assert!(variables.iter().any(|text| text == wanted), "{variables:?}");
    }
    for text in &variables {
        let name = text.split('=').next().unwrap_or_default();
        assert!(!text.contains(&key) && !name.contains("API_KEY") && name != "SECRET", "{text}");
    }
    assert_eq!(holding(&held.cloud.home(), &key), [""; 0]);
    let (cloud, project, finished) = held.finish();
    let finished = finished.expect(0);
    assert!(!finished.stdout.contains(&key) && !finished.stderr.contains(&key));
    assert_eq!(holding(project.outside(), &key), [""; 0]);
    assert!(!cloud.local().log().join("\n").contains(&key));
}

#[test]
fn key_in_the_env_file_is_not_sent() {
    let cloud = Cloud::equipped();
    let project = TestProject::new();
    let [api, envd, (_, key)] = cloud.local().env();
    project
        .write(".env", format!("E2B_API_KEY={key}\n{}={}\n{}={}\n", api.0, api.1, envd.0, envd.1));
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", crate::parcel::COPY);
    let arguments = cloud.arguments(&["run", "pipeline.yaml", "--e2b-keep"]);
    let finished = project.osiris(arguments).run().expect(0);
    assert_eq!(holding(&cloud.home(), &key), [""; 0]);
    let here = holding(project.outside(), &key);
    assert_eq!(here, [project.path(".env").display().to_string()]);
    assert!(!finished.stdout.contains(&key) && !finished.stderr.contains(&key));
}

#[test]
fn passing_the_key_into_a_sandbox_is_rejected() {
    let cloud = Cloud::equipped();
    let project = TestProject::new();
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", crate::parcel::COPY);
    for more in [
        ["--e2b-env", "E2B_API_KEY=x"],
        ["--e2b-pass-env", "E2B_API_KEY"],
        ["--e2b-env", "E2B_ACCESS_TOKEN=x"],
        ["--e2b-pass-env", "E2B_ACCESS_TOKEN"],
    ] {
        let finished = cloud.run(&project, "pipeline.yaml", &more).run().expect(2);
        let said = "an E2B key cannot be passed to a sandbox";
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
    }
    assert_eq!(cloud.local().log(), [""; 0]);
    assert!(!project.exists("logs"));
}

#[test]
fn rejected_key_is_not_shown() {
    let cloud = Cloud::equipped();
    let project = TestProject::new();
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", crate::parcel::COPY);
    let key = "e2b_0123456789abcdef0123456789abcdef01234567";
    let run = cloud.run(&project, "pipeline.yaml", &["--verbose"]).env("E2B_API_KEY", key);
    let finished = run.run().expect(3);
    assert!(finished.stderr.contains("E2B_API_KEY"), "{}", finished.stderr);
    assert!(!finished.stderr.contains(key), "{}", finished.stderr);
    assert_eq!(holding(project.outside(), key), [""; 0]);
    assert_eq!(Session::only(&project).status["error"]["kind"], "sandbox");
}
