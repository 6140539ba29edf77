//! Permissions are displayed by value: in the plan, at first use, by `inspect` and in the lockfile.

use osiris_tests::{Finished, TestProject, wasm};
use serde_json::Value;

fn driver(version: &str, more: &str, schema: &str) -> Vec<u8> {
    wasm::driver(&format!(
        "name: test.made\nversion: {version}\ntitle: Made\ndescription: Made.\nmodes: [extract]\n{more}\nconfigSchema: {{type: object, properties: {{{schema}}}}}\n"
    ))
}

fn osiris(project: &TestProject, arguments: &[&str]) -> Finished {
    project.osiris(arguments).run()
}

const NETWORK: &str = "network: [{host: /host, port: /port}]\nfiles: {read: [/in]}";

#[test]
fn update_changing_author_defaults_requires_acceptance() {
    let schema = |host: &str, port: &str, file: &str| {
        format!(
            "host: {{type: string{host}}}, port: {{type: integer{port}}}, in: {{type: string{file}}}"
        )
    };
    let literal = |host: &str| format!("network: [{{host: {host}, port: 443}}]");
    let plain = schema("", "", "");
    let with_port = schema("", ", default: 1", "");
    // Spec before, spec after, and the message.
    let table = [
        ((NETWORK, &plain), (NETWORK, &with_port), "`port` or 1"),
        ((NETWORK, &with_port), (NETWORK, &schema("", ", default: 2", "")), "`port` or 2"),
        (
            (NETWORK, &plain),
            (NETWORK, &schema(", default: h", "", "")),
            "its default h grants no access",
        ),
        (
            (NETWORK, &plain),
            (NETWORK, &schema("", "", ", default: .")),
            "its default . grants no access",
        ),
        (
            (&literal("a.example"), &plain),
            (&literal("b.example"), &plain),
            "connect to b.example port 443",
        ),
    ];
    for ((more, before), (new_more, after), told) in table {
        let project = TestProject::new();
        project.write("new.wasm", driver("1.0.0", more, before));
        osiris(&project, &["drivers", "add", "new.wasm"]).expect(0);
        project.write("new.wasm", driver("1.1.0", new_more, after));
        let finished = osiris(&project, &["drivers", "update"]).expect(1);
        assert!(finished.stderr.contains(told), "{}", finished.stderr);
        osiris(&project, &["drivers", "update", "--accept-permissions"]).expect(0);
        osiris(&project, &["drivers", "audit"]).expect(0);
        let shown = osiris(&project, &["drivers", "inspect", "drivers/test.made.wasm"]).expect(0);
        assert!(shown.stdout.contains(told), "{}", shown.stdout);
        // Another version with the same permissions asks for no more.
        project.write("new.wasm", driver("1.2.0", new_more, after));
        osiris(&project, &["drivers", "update"]).expect(0);
    }
}

#[test]
fn lockfile_without_defaults_stays_valid() {
    let project = TestProject::new();
    let schema = "host: {type: string}, port: {type: integer, default: 1}, in: {type: string}";
    project.write("new.wasm", driver("1.0.0", NETWORK, schema));
    osiris(&project, &["drivers", "add", "new.wasm"]).expect(0);
    let lock = project.read("osiris.lock");
    assert!(lock.contains("dials: /host port /port (default 1)"), "{lock}");
    project.write("osiris.lock", lock.replace(" (default 1)", ""));
    for command in
        [&["drivers", "audit"][..], &["drivers", "sync", "--check"], &["drivers", "list"]]
    {
        osiris(&project, command).expect(0);
    }
    project.write("new.wasm", driver("1.1.0", NETWORK, schema));
    osiris(&project, &["drivers", "update"]).expect(0);
    assert!(project.read("osiris.lock").contains("(default 1)"));
    // A version that does ask for more is still reported.
    project.write("osiris.lock", project.read("osiris.lock").replace(" (default 1)", ""));
    project
        .write("new.wasm", driver("1.2.0", NETWORK, &schema.replace("default: 1", "default: 2")));
    osiris(&project, &["drivers", "update"]).expect(1);
}

#[test]
fn private_address_in_a_spec_is_shown_as_refused() {
    let project = TestProject::new();
    for host in ["169.254.169.254", "10.0.0.1", "'[::1]'", "'64:ff9b::a9fe:a9fe'", "168.63.129.16"]
    {
        let network = format!("network: [{{host: {host}, port: 80}}]");
        project.write("new.wasm", driver("1.0.0", &network, ""));
        let answer =
            osiris(&project, &["drivers", "inspect", "new.wasm", "--json"]).expect(0).json();
        let rights = answer["here"]["rights"].as_array().expect("rights");
        let dial = rights.iter().find(|right| right["right"] == "network").expect("the network");
        assert_eq!(dial["verdict"], "refused", "{dial:#}");
    }
}

#[test]
fn first_use_and_plan_show_values_with_provenance() {
    let project = TestProject::new();
    let schema = "host: {type: string}, port: {type: integer, default: 5}, in: {type: string}";
    project.write("drivers/test.made.wasm", driver("1.0.0", NETWORK, schema));
    project.write(
        "pipeline.yaml",
        "oml_version: 0.1.0\nname: p\nsteps:\n  - {id: a, component: test.made, mode: read, config: {host: db.example, in: data/in.csv}}\n  - {id: b, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}\n",
    );
    let finished = osiris(&project, &["run", "pipeline.yaml", "--dry-run"]).expect(0);
    let dials = "connect to db.example port 5, the host set by the pipeline, the port by the driver's author";
    for text in [&finished.stdout, &finished.stderr] {
        assert!(text.contains(dials), "{text}");
        assert!(text.contains("read data/in.csv, set by the pipeline"), "{text}");
    }
}

#[test]
fn driver_admitted_only_by_name_gets_a_note() {
    let settings = |rules: &str| format!("version: 1\ndrivers: {{{rules}}}\n");
    let note = "its author chose";
    let sha256 = |project: &TestProject| -> String {
        let shown = osiris(project, &["drivers", "inspect", "drivers/test.made.wasm", "--json"]);
        let answer: Value = shown.expect(0).json();
        answer["sha256"].as_str().expect("a hash").to_owned()
    };
    let project = TestProject::new();
    project.write("drivers/test.made.wasm", driver("1.0.0", "", ""));
    let hash = sha256(&project);
    for (rules, told) in [
        ("allow: [\"test.*\"]".to_owned(), true),
        ("allow: [test.made]".to_owned(), true),
        ("allow: [\"*\"]".to_owned(), true),
        (format!("allow: [\"sha256:{hash}\"]"), false),
        ("deny: [\"evil.*\"]".to_owned(), false),
    ] {
        project.write("osiris.yaml", settings(&rules));
        for command in
            [&["drivers", "audit"][..], &["drivers", "inspect", "drivers/test.made.wasm"]]
        {
            let finished = osiris(&project, command).expect(0);
            assert_eq!(finished.stdout.contains(note), told, "{rules}: {}", finished.stdout);
        }
    }
}
