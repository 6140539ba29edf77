//! Signatures, the project's rules for drivers, the notice before first use, and bundles.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject, built, wasm};
use serde_json::Value;

const PIPELINE: &str = "\
oml_version: 0.1.0
name: trust
steps:
  - {id: source, component: test.source, mode: read}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: ids.csv}}
";

/// Creates a project with an unsigned local driver.
fn new_project() -> TestProject {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\n");
    project.write("pipeline.yaml", PIPELINE);
    project.write("drivers/test.source.wasm", source());
    project
}

fn source() -> Vec<u8> {
    fs::read(built::test_driver("test.source")).expect("the test drivers are built")
}

fn osiris(project: &TestProject, line: &str) -> Finished {
    project.osiris(line.split_whitespace()).run()
}

/// Creates a key and returns its public part.
fn key(project: &TestProject, name: &str) -> String {
    let line = format!("drivers keygen --out {name} --json");
    text(&osiris(project, &line).expect(0).json()["public_key"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn settings(project: &TestProject, drivers: &str) {
    project.write("osiris.yaml", format!("version: 1\ndrivers: {drivers}\n"));
}

#[track_caller]
fn refused(project: &TestProject, line: &str, words: &[&str]) {
    let finished = osiris(project, line).expect(3);
    for word in words {
        assert!(finished.stderr.contains(word), "no {word:?} in: {}", finished.stderr);
    }
    assert!(!project.exists("logs"), "nothing was run");
}

#[test]
fn key_file_is_private_and_never_overwritten() {
    let project = TestProject::new();
    let public = key(&project, "a.key");
    assert!(public.starts_with("osiris-key:"), "{public}");
    let mode = fs::metadata(project.path("a.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let private = project.read("a.key");
    let again = osiris(&project, "drivers keygen --out a.key").expect(3);
    assert!(again.stderr.contains("the file already exists"), "{}", again.stderr);
    assert_eq!(project.read("a.key"), private);
    // Without `--out`, the key goes where `sign` looks for it.
    let usual = osiris(&project, "drivers keygen").expect(0);
    assert!(usual.stdout.contains("osiris-key:"), "{}", usual.stdout);
    assert!(!usual.stdout.contains("osiris-secret-key:"), "{}", usual.stdout);
    project.write("test.source.wasm", source());
    osiris(&project, "drivers sign test.source.wasm").expect(0);
    osiris(&project, "drivers keygen").expect(3);
}

#[test]
fn key_is_read_from_file_or_variable_and_never_shown() {
    let project = new_project();
    let public = key(&project, "a.key");
    let missing = osiris(&project, "drivers sign drivers/test.source.wasm").expect(3);
    assert!(missing.stderr.contains("osiris drivers keygen"), "{}", missing.stderr);
    let private = project.read("a.key");
    let line = ["drivers", "sign", "drivers/test.source.wasm", "--json"];
    let signed = project.osiris(line).env("OSIRIS_SIGNING_KEY", &private).run().expect(0);
    assert_eq!(signed.json()["public_key"], public);
    let secret = private.lines().last().unwrap();
    for key in [&secret[..50], &public] {
        let finished = project.osiris(line).env("OSIRIS_SIGNING_KEY", key).run().expect(2);
        assert!(!finished.stdout.contains(&secret[20..50]), "{}", finished.stdout);
        assert_eq!(finished.json()["problems"][0]["code"], "signing_key_invalid");
    }
    project.write("b.key", &secret[..50]);
    let finished = osiris(&project, "drivers sign drivers/test.source.wasm --key b.key").expect(2);
    assert!(!finished.stderr.contains(&secret[20..50]), "{}", finished.stderr);
}

#[test]
fn invalid_driver_prevents_signing_any_file() {
    let project = new_project();
    key(&project, "a.key");
    project.write("broken.wasm", "\0asm");
    let line = "drivers sign drivers/test.source.wasm broken.wasm --key a.key";
    osiris(&project, line).expect(2);
    assert_eq!(fs::read(project.path("drivers/test.source.wasm")).unwrap(), source());
}

#[test]
fn signed_driver_runs_and_shows_its_signers() {
    let project = new_project();
    let (first, second) = (key(&project, "a.key"), key(&project, "b.key"));
    settings(&project, &format!("{{require_signature: true, keys: {{acme: '{second}'}}}}"));
    refused(
        &project,
        "run pipeline.yaml",
        &["unsigned", "osiris drivers sign", "osiris.yaml:2:30"],
    );
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    refused(&project, "run pipeline.yaml", &["unknown key", &first]);
    osiris(&project, "drivers sign drivers/test.source.wasm --key b.key").expect(0);
    let once = fs::read(project.path("drivers/test.source.wasm")).unwrap();
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    let again = fs::read(project.path("drivers/test.source.wasm")).unwrap();
    assert!(once == again, "the same key replaces its signature by the same one");
    osiris(&project, "run pipeline.yaml").expect(0);
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "success");
    let inspected =
        osiris(&project, "drivers inspect drivers/test.source.wasm --json").expect(0).json();
    assert_eq!(inspected["signers"][0]["key"], first);
    assert_eq!(inspected["signers"][0]["trusted_as"], Value::Null);
    assert_eq!(inspected["signers"][1]["trusted_as"], "acme");
    assert_eq!(inspected["here"]["admitted"], true);
    assert_eq!(inspected["contract"], "osiris:driver@0.1.0");
    assert_eq!(inspected["unusual_imports"], Value::Array(Vec::new()));
    let tools = inspected["producers"].as_array().unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == "wit-component"), "{tools:?}");
}

#[test]
fn driver_changed_after_signing_is_rejected_without_rules() {
    let project = new_project();
    key(&project, "a.key");
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    let signed = fs::read(project.path("drivers/test.source.wasm")).unwrap();
    let block = signed.len() - 116;
    let mut flipped = signed.clone();
    flipped[signed.len() - 1] ^= 1;
    let inside = [&wasm::touched(&signed[..block]), &signed[block..]].concat();
    for (changed, words) in [
        (flipped, "was changed after osiris-key:"),
        (inside, "was changed after osiris-key:"),
        (wasm::touched(&signed), "not a signature at the end"),
    ] {
        project.write("drivers/test.source.wasm", changed);
        refused(&project, "run pipeline.yaml", &[words, "drivers/test.source.wasm"]);
        refused(&project, "run pipeline.yaml --dry-run", &[words]);
        refused(&project, "drivers bundle --out b.tar", &[words]);
        refused(&project, "e2b template --out template", &[words]);
        let publish = "drivers publish drivers/test.source.wasm oci://127.0.0.1:9/source";
        let publish = osiris(&project, publish).expect(2);
        assert!(publish.stderr.contains(words), "{}", publish.stderr);
        let shown = osiris(&project, "drivers inspect drivers/test.source.wasm").expect(0);
        assert!(shown.stdout.contains(words), "{}", shown.stdout);
    }
}

#[test]
fn signed_driver_can_be_packed_and_signed_again() {
    let project = new_project();
    key(&project, "a.key");
    let sign = "drivers sign drivers/test.source.wasm --key a.key";
    osiris(&project, sign).expect(0);
    project.write("spec.yaml", include_str!("../drivers/source/spec.yaml"));
    let pack = "drivers pack drivers/test.source.wasm --spec spec.yaml";
    let packed = osiris(&project, pack).expect(0);
    assert!(packed.stderr.contains("sign the driver again"), "{}", packed.stderr);
    let inspect = "drivers inspect drivers/test.source.wasm --json";
    let signers = || osiris(&project, inspect).expect(0).json()["signers"].clone();
    assert_eq!(signers(), Value::Array(Vec::new()));
    osiris(&project, sign).expect(0);
    assert_eq!(signers().as_array().map(Vec::len), Some(1));
    osiris(&project, "run pipeline.yaml").expect(0);
}

#[test]
fn denied_hash_is_rejected_with_and_without_signatures() {
    let project = new_project();
    key(&project, "a.key");
    let inspect = "drivers inspect drivers/test.source.wasm --json";
    let sha256 = text(&osiris(&project, inspect).expect(0).json()["sha256"]);
    settings(&project, &format!("{{deny: ['sha256:{sha256}']}}"));
    refused(&project, "run pipeline.yaml", &["in `drivers.deny` matches the driver"]);
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    refused(&project, "run pipeline.yaml", &["in `drivers.deny` matches the driver"]);
    let other = "0".repeat(64);
    settings(&project, &format!("{{deny: ['sha256:{other}']}}"));
    osiris(&project, "run pipeline.yaml").expect(0);
}

#[test]
fn driver_within_the_policy_runs() {
    let project = new_project();
    let public = key(&project, "a.key");
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    // The writer comes with osiris: only denials apply to it.
    settings(
        &project,
        &format!(
            "{{require_signature: true, keys: {{acme: '{public}'}}, allow: ['test.*'], \
             pins: {{'test.*': acme}}, ceilings: {{network: false, files: none}}}}"
        ),
    );
    osiris(&project, "run pipeline.yaml").expect(0);
    settings(&project, "{deny: ['filesystem.*']}");
    let finished = osiris(&project, "run pipeline.yaml").expect(3);
    assert!(finished.stderr.contains("`filesystem.*`"), "{}", finished.stderr);
}

#[test]
fn driver_is_shown_once_before_first_use() {
    let project = new_project();
    let shown = |line: &str| osiris(&project, line).expect(0).stderr;
    let first = shown("run pipeline.yaml --dry-run");
    let sha256 = built::test_driver("test.source");
    let sha256 = text(
        &osiris(&project, &format!("drivers inspect {} --json", sha256.display())).expect(0).json()
            ["sha256"],
    );
    assert_eq!(
        first,
        format!(
            "First use of the driver test.source 0.1.0 in this project\n  \
             signer  unsigned\n  \
             sha256  {sha256}\n  \
             deny:   read or write files other than its own artifacts\n  \
             deny:   connect to any host\n  \
             limits  memory 2GiB, 600 s without progress\n"
        )
    );
    // Nothing was recorded: the notice appears again, since nobody reads stderr next to JSON
    // output.
    let json = osiris(&project, "run pipeline.yaml --json").expect(0);
    assert!(!json.stderr.contains("First use"), "{}", json.stderr);
    json.json();
    assert!(shown("run pipeline.yaml").contains("First use of the driver test.source"));
    assert!(!shown("run pipeline.yaml").contains("First use"));
    // Other bytes are another driver.
    project.write("drivers/test.source.wasm", wasm::touched(&source()));
    assert!(shown("run pipeline.yaml").contains("First use of the driver test.source"));
    // The notice appears once per project.
    let other = new_project();
    let finished = osiris(&other, "run pipeline.yaml").expect(0);
    assert!(finished.stderr.contains("First use of the driver test.source"));
}

#[test]
fn ceilings_are_shown_at_first_use() {
    let project = osiris_tests::service::new_project("127.0.0.1", 1, "");
    settings(&project, "{ceilings: {network: ['127.0.0.1:1'], files: none}}");
    let line = ["run", "pipeline.yaml", "--dry-run"];
    let finished = project.osiris(line).test_drivers().env("SECRET", "abcdefgh").run().expect(0);
    let wanted = "  allow:  connect to 127.0.0.1 port 1, set by the connection, \
                  but `drivers.ceilings.network` only allows 127.0.0.1:1 (line 2)\n";
    assert!(finished.stderr.contains(wanted), "{}", finished.stderr);
}

#[test]
fn bundle_contains_drivers_lock_and_keys() {
    let project = new_project();
    let public = key(&project, "a.key");
    osiris(&project, "drivers sign drivers/test.source.wasm --key a.key").expect(0);
    settings(&project, &format!("{{keys: {{acme: '{public}'}}}}"));
    project.write("osiris.lock", "version: 1\n");
    osiris(&project, "drivers bundle --out b.tar").expect(0);
    osiris(&project, "drivers bundle --out c.tar").expect(0);
    let bundle = fs::read(project.path("b.tar")).unwrap();
    assert!(bundle == fs::read(project.path("c.tar")).unwrap(), "the same bytes");

    let other = TestProject::new();
    other.write("osiris.yaml", "version: 1\n");
    other.write("b.tar", &bundle);
    let answer = osiris(&other, "drivers sync --from b.tar").expect(0);
    assert!(answer.stdout.contains(&format!("acme: \"{public}\"")), "{}", answer.stdout);
    let files = other.files();
    assert_eq!(files, ["b.tar", "drivers/test.source.wasm", "osiris.lock", "osiris.yaml"]);
    let driver =
        |project: &TestProject| fs::read(project.path("drivers/test.source.wasm")).unwrap();
    assert!(driver(&other) == driver(&project));
    let again = osiris(&other, "drivers sync --from b.tar --json").expect(0).json();
    assert_eq!(again["files"], Value::Array(Vec::new()), "all of it was there");
    assert_eq!(again["unknown_keys"]["acme"], public);

    other.write("drivers/test.source.wasm", source());
    let refused = osiris(&other, "drivers sync --from b.tar").expect(2);
    assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert!(driver(&other) == source(), "nothing was replaced");
    osiris(&other, "drivers sync --from b.tar --replace").expect(0);
    assert!(driver(&other) == driver(&project));
}

#[test]
fn bundle_is_checked_against_the_target_policy() {
    let project = new_project();
    osiris(&project, "drivers bundle --out b.tar").expect(0);
    let bundle = fs::read(project.path("b.tar")).unwrap();
    let other = TestProject::new();
    other.write("b.tar", &bundle);
    settings(&other, "{require_signature: true}");
    let finished = osiris(&other, "drivers sync --from b.tar").expect(3);
    assert!(finished.stderr.contains("`drivers.require_signature` is true"), "{}", finished.stderr);
    settings(&other, "{}");
    for (what, damaged) in [
        ("cut off", bundle[..bundle.len() / 2].to_vec()),
        ("another file", b"no tar at all".to_vec()),
        ("empty", Vec::new()),
        ("a changed driver", {
            let mut bytes = bundle.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
    ] {
        other.write("b.tar", damaged);
        let finished = osiris(&other, "drivers sync --from b.tar").expect(2);
        assert!(finished.stderr.contains("b.tar"), "{what}: {}", finished.stderr);
        assert_eq!(other.files(), ["b.tar", "osiris.yaml"], "{what}");
    }
    assert!(!Path::new(&other.path("drivers/test.source.wasm")).exists());
}

#[test]
fn empty_bundle_is_rejected() {
    let project = TestProject::new();
    osiris(&project, "drivers bundle --out b.tar").expect(2);
    let finished = osiris(&project, "drivers bundle --out b.tar filesystem.csv_writer").expect(2);
    assert!(finished.stderr.contains("comes with osiris"), "{}", finished.stderr);
    osiris(&project, "drivers bundle --out b.tar no.driver").expect(3);
    assert!(!project.exists("b.tar"));
}

#[test]
fn locked_driver_keeps_its_signer() {
    let project = new_project();
    fs::remove_file(project.path("drivers/test.source.wasm")).unwrap();
    let (first, second) = (key(&project, "a.key"), key(&project, "b.key"));
    project.write("new/one.wasm", source());
    osiris(&project, "drivers sign new/one.wasm --key a.key").expect(0);
    osiris(&project, "drivers add new/one.wasm").expect(0);
    assert!(project.read("osiris.lock").contains(&format!("signer: \"{first}\"")));
    osiris(&project, "run pipeline.yaml").expect(0);

    // Another version of the same driver: unsigned, and signed by somebody else.
    let other = wasm::touched(&source());
    project.write("new/one.wasm", &other);
    for (sign, words) in [(false, "is unsigned"), (true, "is signed by another key")] {
        if sign {
            osiris(&project, "drivers sign new/one.wasm --key b.key").expect(0);
        }
        for line in ["drivers add new/one.wasm", "drivers update --accept-rights"] {
            let finished = osiris(&project, line).expect(3);
            assert!(finished.stderr.contains(words), "{line}: {}", finished.stderr);
            assert!(project.read("osiris.lock").contains(&first), "{line}");
        }
    }
    // The locked signer may have signed it as well; otherwise it needs confirmation.
    osiris(&project, "drivers sign new/one.wasm --key a.key").expect(0);
    osiris(&project, "drivers update").expect(0);
    assert!(project.read("osiris.lock").contains(&format!("signer: \"{first}\"")));
    project.write("new/one.wasm", &other);
    osiris(&project, "drivers sign new/one.wasm --key b.key").expect(0);
    osiris(&project, "drivers add new/one.wasm --replace").expect(0);
    assert!(project.read("osiris.lock").contains(&format!("signer: \"{second}\"")));

    // A lockfile edited by hand does not bypass this.
    let forged = project.read("osiris.lock").replace(&second, &first);
    project.write("osiris.lock", forged);
    let finished = osiris(&project, "run pipeline.yaml").expect(3);
    assert!(finished.stderr.contains("signed by another key"), "{}", finished.stderr);
}

#[test]
fn denied_driver_is_not_added() {
    let project = new_project();
    fs::remove_file(project.path("drivers/test.source.wasm")).unwrap();
    project.write("new.wasm", source());
    settings(&project, "{require_signature: true}");
    let finished = osiris(&project, "drivers add new.wasm").expect(3);
    assert!(finished.stderr.contains("`drivers.require_signature` is true"), "{}", finished.stderr);
    assert_eq!(project.files(), ["new.wasm", "osiris.yaml", "pipeline.yaml"]);
}

#[test]
fn bundle_restores_locked_drivers_and_must_be_complete() {
    let project = new_project();
    osiris(&project, "drivers add drivers/test.source.wasm").expect(0);
    osiris(&project, "drivers bundle --out b.tar").expect(0);
    // A driver file changed without the lockfile is restored silently.
    project.write("drivers/test.source.wasm", wasm::touched(&source()));
    osiris(&project, "drivers sync --from b.tar").expect(0);
    assert!(fs::read(project.path("drivers/test.source.wasm")).unwrap() == source());
    let lock = project.read("osiris.lock");
    let other = TestProject::new();
    other.write("osiris.yaml", "version: 1\n");
    other.write("b.tar", fs::read(project.path("b.tar")).unwrap());
    let more = lock.replace("test.source", "test.other");
    other.write("osiris.lock", &more);
    let finished = osiris(&other, "drivers sync --from b.tar").expect(2);
    assert!(finished.stderr.contains("different lockfiles"), "{}", finished.stderr);
    osiris(&other, "drivers sync --from b.tar --replace").expect(0);
    assert_eq!(other.read("osiris.lock"), lock);
    osiris(&other, "drivers sync --check").expect(0);

    // The lockfile names a driver that the bundle lacks.
    let (head, rest) = lock.split_once("drivers:\n").unwrap();
    let (entry, tail) = rest.rsplit_once("version: 1").unwrap();
    let other = entry.replace("test.source", "test.zother");
    let both = format!("{head}drivers:\n{entry}{other}version: 1{tail}");
    project.write("osiris.lock", both);
    fs::remove_file(project.path("b.tar")).unwrap();
    osiris(&project, "drivers bundle --out b.tar").expect(0);
    let third = TestProject::new();
    third.write("b.tar", fs::read(project.path("b.tar")).unwrap());
    let finished = osiris(&third, "drivers sync --from b.tar").expect(3);
    assert!(
        finished.stderr.contains("does not contain driver `test.zother`"),
        "{}",
        finished.stderr
    );
    assert_eq!(third.files(), ["b.tar"]);
}

#[test]
fn compiled_build_is_checked_against_the_current_policy() {
    let project = osiris_tests::service::new_project("127.0.0.1", 1, "");
    let run = |line: &[&str]| project.osiris(line).test_drivers().env("SECRET", "abcdefgh").run();
    run(&["compile", "pipeline.yaml"]).expect(0);
    settings(&project, "{deny: ['service.*']}");
    for line in [
        &["run", "--last-compile", "--json"][..],
        &["run", "--last-compile", "--dry-run", "--json"],
        &["run", "--last-compile", "--e2b", "--e2b-install-deps", "--dry-run", "--json"],
        &["discover", "@service.main", "--json"],
        &["e2b", "template", "--out", "template", "--json"],
    ] {
        let problem = run(line).expect(3).json()["problems"][0].clone();
        assert_eq!(problem["code"], "driver_denied", "{line:?}: {problem:#}");
        assert_eq!(problem["line"], 2, "{line:?}: {problem:#}");
    }
    let doctor = run(&["connections", "doctor"]).expect(3);
    assert!(doctor.stdout.contains("`service.*` in `drivers.deny`"), "{}", doctor.stdout);
    assert!(!project.exists("logs") && !project.exists("template"));
}

#[test]
fn audit_reports_denied_drivers() {
    let project = new_project();
    settings(&project, "{deny: ['test.*']}");
    let finished = osiris(&project, "drivers audit").expect(1);
    assert!(finished.stdout.contains("`test.*` in `drivers.deny`"), "{}", finished.stdout);
}
