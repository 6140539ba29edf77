//! `osiris e2b template`, and runs in its templates.

use std::fs;

use osiris_tests::Cloud;
use osiris_tests::session::Session;

use crate::{assert_told, new_project};

#[test]
fn run_in_a_built_template_uploads_only_plan_and_inputs() {
    let (cloud, project) = (Cloud::bare(), new_project());
    let osiris = |arguments: &[&str]| cloud.reach(project.osiris(arguments));
    let built = osiris(&["e2b", "template", "--name", "ours"]).run().expect(0);
    assert_told("template", &built, &project);
    let before = cloud.local().requests();

    osiris(&["run", "pipeline.yaml", "--e2b", "--e2b-template", "ours"]).run().expect(0);
    assert_eq!(project.read("out.csv"), "n\n1\n");
    let after = cloud.local().requests();
    let sent = |route: &str| after.get(route).unwrap_or(&0) - before.get(route).unwrap_or(&0);
    // The input, the plan and the secrets.
    assert_eq!(sent("POST /files"), 3, "{after:?}");
    assert_eq!(sent("POST /files/compose"), 0, "{after:?}");
    let session = Session::only(&project);
    let uploaded = session.events.iter().find(|event| event["event_type"] == "e2b_uploaded");
    let uploaded = uploaded.expect("it was told");
    assert_eq!((&uploaded["files"], &uploaded["bytes"]), (&1.into(), &4.into()));
    assert_eq!(session.status["e2b"]["template"], "ours");
    cloud.assert_empty();

    let doctor = osiris(&["e2b", "doctor", "--template", "ours"]).run().expect(0);
    assert!(doctor.stdout.contains("the template contains osiris "), "{}", doctor.stdout);
    // A second build has nothing to upload.
    let again = osiris(&["e2b", "template", "--name", "ours", "--verbose"]).run().expect(0);
    assert!(!again.stderr.contains("Uploaded"), "{}", again.stderr);
    assert!(again.stderr.contains("Reused /usr/local/bin/osiris"), "{}", again.stderr);
}

#[test]
fn template_can_be_written_as_a_folder() {
    let project = new_project();
    let arguments = ["e2b", "template", "--name", "ours", "--out", "image"];
    let finished = project.osiris(arguments).run().expect(0);
    assert_told("template-folder", &finished, &project);
    let recipe = project.read("image/Dockerfile");
    let mut lines = recipe.lines();
    assert_eq!(lines.next(), Some("FROM e2bdev/base"));
    assert_eq!(
        lines.next_back(),
        Some("RUN chmod 755 /usr/local/bin/osiris && /usr/local/bin/osiris --version")
    );
    let copied: Vec<(&str, &str)> = lines
        .map(|line| line.strip_prefix("COPY ").and_then(|line| line.split_once(' ')).expect(line))
        .collect();
    assert!(copied.contains(&("osiris", "/usr/local/bin/osiris")), "{copied:?}");
    for driver in ["filesystem.csv_writer", "mysql.extractor", "postgres.writer"] {
        let file = format!("{driver}.wasm");
        let target = format!("/usr/local/lib/osiris/drivers/{file}");
        assert!(copied.contains(&(&*file, &*target)), "{copied:?}");
    }
    let mut files: Vec<_> = fs::read_dir(project.path("image"))
        .expect("it is there")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "Dockerfile")
        .collect();
    files.sort();
    let mut names: Vec<_> = copied.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(files, names);

    let again = project.osiris(arguments).run().expect(2);
    assert_told("template-folder-again", &again, &project);
}
