//! The files of a compile and their guarantees.

use osiris_core::code::Code;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Reads every file of a build directory except the one with a time in it.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let names = ["manifest.yaml", "plan.json", "fingerprints.json"].map(PathBuf::from);
    let cfg = fs::read_dir(dir.join("cfg")).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    names
        .iter()
        .map(|name| dir.join(name))
        .chain(cfg)
        .map(|path| (path.strip_prefix(dir).unwrap().display().to_string(), text(&path)))
        .collect()
}

fn good(sandbox: &Sandbox) -> Build {
    sandbox.compile(GOOD, &Options::default()).unwrap()
}

#[test]
fn build_folder_matches_the_golden_bytes() {
    let sandbox = Sandbox::new();
    let build = good(&sandbox);
    let folder = build.dir.strip_prefix(sandbox.project.base()).unwrap().display().to_string();
    let files = contents(&build.dir);
    let mut golden = format!("{folder}\n");
    for (name, text) in &files {
        golden += &format!("=== {name}\n{text}\n");
    }
    insta::assert_snapshot!(golden);
}

#[test]
fn same_pipeline_gives_the_same_build_in_any_folder() {
    let (one, two) = (Sandbox::new(), Sandbox::new());
    assert_eq!(contents(&good(&one).dir), contents(&good(&two).dir));
    let marker = good(&one).dir.join("compiled.json");
    let before = fs::read(&marker).unwrap();
    good(&one);
    assert_eq!(fs::read(&marker).unwrap(), before, "a build that is there is left as it is");
}

#[test]
fn key_order_and_style_do_not_change_the_build() {
    let sandbox = Sandbox::new();
    let other = r#"
name: orders
steps:
  - {mode: read, config: {limit: "${params.limit}", path: "${params.folder}/in.csv"}, id: load, component: files.reader}
  - {mode: transform, id: shape, component: tables.shaper}
  - {config: {path: out.csv}, mode: write, id: save, component: files.writer}
profiles: {prod: {params: {limit: 1000}}}
params: {folder: {description: Where the files are., default: data}, limit: 10}
oml_version: 0.1.0
"#;
    let build = sandbox.compile(other, &Options::default()).unwrap();
    assert_eq!(build.manifest, good(&sandbox).manifest);
}

#[test]
fn meaningful_edits_change_the_hash() {
    let sandbox = Sandbox::new();
    let hash = |text: &str, options: &Options| {
        sandbox.compile(text, options).unwrap().manifest.meta.manifest_hash
    };
    let prod = Options { profile: Some("prod".into()), ..Options::default() };
    let param = Options { params: vec![("limit".into(), "11".into())], ..Options::default() };
    let hashes = std::collections::BTreeSet::from([
        hash(GOOD, &Options::default()),
        hash(GOOD, &prod),
        hash(GOOD, &param),
        hash(&GOOD.replace("out.csv", "o.csv"), &Options::default()),
    ]);
    assert_eq!(hashes.len(), 4);
}

#[test]
fn strongest_parameter_wins_and_keeps_its_type() {
    let sandbox = Sandbox::new();
    let limit = |options: &Options| {
        sandbox.compile(GOOD, options).unwrap().configs["load"]["limit"].clone()
    };
    let mut options = Options::default();
    assert_eq!(limit(&options), json!(10));
    options.profile = Some("prod".into());
    assert_eq!(limit(&options), json!(1000));
    options.environment.insert("OSIRIS_PARAM_LIMIT".into(), "7".into());
    assert_eq!(limit(&options), json!(7));
    options.params.push(("limit".into(), "8".into()));
    assert_eq!(limit(&options), json!(8));
}

#[test]
fn build_loads_as_compiled() {
    let sandbox = Sandbox::new();
    let build = good(&sandbox);
    assert_eq!(load(&build.dir.join("manifest.yaml")).unwrap(), build);
    assert_eq!(last(&sandbox.project).unwrap(), build);
    let pointer = fs::read_to_string(sandbox.project.layout.last_compile()).unwrap();
    let hash = &build.manifest.meta.manifest_hash;
    let short = &build.manifest.meta.manifest_short;
    let expected = format!(".osiris/build/orders/{short}-{hash}/manifest.yaml\n{hash}\n\n");
    assert_eq!(pointer, expected);
}

#[test]
fn changed_build_is_rejected_and_recompiling_repairs_it() {
    let sandbox = Sandbox::new();
    let build = good(&sandbox);
    let manifest = build.dir.join("manifest.yaml");
    let cfg = build.dir.join("cfg/save.json");
    let files = contents(&build.dir);
    let edits = [
        (&manifest, "name: orders", "name: orderz", Code::ManifestChanged),
        (&manifest, "steps:", "stepz:", Code::ManifestInvalid),
        (&cfg, "out.csv", "../../x", Code::ConfigChanged),
    ];
    for (file, from, to, code) in edits {
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, text.replace(from, to)).unwrap();
        let error = load(&manifest).expect_err("changed");
        assert_eq!(error.first().code, code);
        let location = error.first().location.as_ref().unwrap();
        assert_eq!(location.file, file.display().to_string());
        assert!(error.to_string().contains("osiris compile"), "{error}");
        good(&sandbox);
        assert_eq!(contents(&build.dir), files, "compiling again repairs it");
    }
    fs::remove_file(&cfg).unwrap();
    assert_eq!(load(&manifest).expect_err("missing").first().code, Code::FileMissing);
}

#[test]
fn forged_manifest_is_rejected() {
    let sandbox = Sandbox::new();
    let build = good(&sandbox);
    let file = build.dir.join("manifest.yaml");
    type Forge = fn(&mut Manifest);
    let table: [(Forge, &str); 5] = [
        (|m| m.steps[0].id = "../x".into(), "the step id `../x` is not safe as a file name"),
        (
            |m| m.steps[0].cfg_path = "cfg/../../x".into(),
            "step `load`: `cfg_path` must be `cfg/load.json`",
        ),
        (
            |m| m.steps[0].needs = vec!["save".into()],
            "step `load` needs `save`, which is not an earlier step",
        ),
        (|m| m.steps[2].needs.clear(), "step `save` must have exactly one input table, but has 0"),
        (|m| m.pipeline.id = "..".into(), "the pipeline id `..` is not safe as a file name"),
    ];
    for (forge, expected) in table {
        let mut forged = build.manifest.clone();
        forge(&mut forged);
        forged.seal();
        fs::write(&file, yaml::to_string(&json!(forged))).unwrap();
        assert_eq!(load(&file).expect_err(expected).first().message, expected);
    }
}

#[test]
fn last_compile_without_a_build_is_an_error() {
    let sandbox = Sandbox::new();
    let error = last(&sandbox.project).expect_err("none");
    assert_eq!(error.exit, ExitStatus::Invalid);
    assert_eq!(error.first().message, "no pipeline of this project has been compiled yet");
    good(&sandbox);
    for text in ["", "/etc/passwd\n", "../x\n", "gone\n"] {
        fs::write(sandbox.project.layout.last_compile(), text).unwrap();
        assert_eq!(last(&sandbox.project).expect_err(text).first().code, Code::LastCompileMissing);
    }
}

#[test]
fn steps_are_ordered_by_needs() {
    let sandbox = Sandbox::new();
    let text = r#"oml_version: 0.1.0
name: Odd Order
steps:
  - {id: save, component: files.writer, mode: write, needs: [b-1], config: {path: o.csv}}
  - {id: b-1, component: tables.shaper, mode: transform, needs: [x_1, x-1]}
  - {id: x-1, component: files.reader, mode: read, config: {path: a.csv}}
  - {id: x_1, component: files.reader, mode: read, config: {path: a.csv}, needs: []}
  - {id: spare, component: files.reader, mode: read, config: {path: a.csv}}
"#;
    let build = sandbox.compile(text, &Options::default()).unwrap();
    let ids: Vec<&str> = build.manifest.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["x-1", "x_1", "b-1", "save", "spare"]);
    let inputs = build.manifest.inputs(&build.manifest.steps[2]);
    let from: Vec<&str> = inputs.iter().map(|input| input.from.as_str()).collect();
    assert_eq!(from, ["x_1", "x-1"]);
    assert_eq!(build.manifest.pipeline.id, "odd-order");
    let warnings = lines(&build.warnings);
    assert_eq!(
        warnings,
        [
            "2:7 name_unconventional: the pipeline name `Odd Order` is not in lower case with hyphens (write `name: odd-order`)",
            "8:5 output_unused: step `spare` produces a table that no step uses (add the step to the `needs` of another step, or remove the step)",
        ]
    );
}

#[test]
fn unwritable_build_folder_is_named() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.project.layout.base.join(".osiris"), "in the way").unwrap();
    let error = sandbox.compile(GOOD, &Options::default()).expect_err("in the way");
    assert_eq!((error.exit, error.first().code), (ExitStatus::Environment, Code::BuildUnwritable));
}

proptest! {
    #[test]
    fn any_pipeline_like_text_compiles_or_is_rejected(
        edits in prop::collection::vec((0..GOOD.len(), 0..12_usize, "[-a-z0-9:{}\\[\\]\"'$*&.,\n ]{0,10}"), 1..6)
    ) {
        let mut text = GOOD.to_owned();
        for (at, length, new) in edits {
            let at = at.min(text.len());
            text.replace_range(at..(at + length).min(text.len()), &new);
        }
        let sandbox = Sandbox::new();
        let file = sandbox.pipeline(&text);
        if let Err(error) = check(&sandbox.project, &file, &Options::default(), &Specs::new()) {
            prop_assert!(!error.diagnostics().is_empty());
        }
    }
}
