//! Components that attack before their code runs: with their specs, and with their structure.

use std::path::Path;
use std::time::Duration;

use super::{bomb, check_words, pipeline};
use crate::{Finished, TestProject, snapshot};

/// A malicious component.
pub struct Lie {
    /// Name of the component and its snapshot.
    pub name: &'static str,
    bytes: Vec<u8>,
    /// Whether the component is nevertheless a valid driver, which fails when it runs.
    runs: bool,
}

/// Maximum duration of a command, for any component.
const PATIENCE: Duration = Duration::from_secs(8);
/// Maximum memory of a command, in MiB.
const MEMORY: u64 = 300;

const SPEC: &str = "\
name: test.liar
version: 1.0.0
title: Title
description: Text
modes: [extract]
configSchema:
  type: object
  properties:
    path: {type: string}
";

/// Returns all malicious components.
pub fn all() -> Vec<Lie> {
    let with = |more: &str| component(&[&format!("{SPEC}{more}\n")]);
    let instead = |old: &str, new: &str| component(&[&SPEC.replace(old, new)]);
    let schema = |schema: &str| {
        let end = SPEC.find("configSchema").unwrap_or_default();
        component(&[&format!("{}configSchema: {schema}\n", &SPEC[..end])])
    };
    let lie = |name: &'static str, bytes: Vec<u8>| Lie { name, bytes, runs: false };
    let nine = "9".repeat(30);
    let bombs = bomb::all().into_iter().map(|(name, bytes)| {
        let spec = section(0, &[&text(b"osiris:spec"), SPEC.as_bytes()].concat());
        Lie { name, bytes: [bytes, spec].concat(), runs: true }
    });
    let mut lies = vec![
        lie("spec-two", component(&[SPEC, &SPEC.replace("liar", "saint")])),
        lie("spec-two-alike", component(&[SPEC, SPEC])),
        lie("spec-name-of-ours", instead("test.liar", "filesystem.csv_writer")),
        lie("spec-name-path", instead("test.liar", "../../liar")),
        lie("spec-name-escapes", instead("test.liar", "\"test.\\e[2J\"")),
        lie("spec-name-long", instead("liar", &"l".repeat(1 << 20))),
        lie(
            "spec-title-escapes",
            instead("Title", "\"\\e[2J\\e]0;owned\\a\\x9b1A\\u202e\\r\\n[ERROR] forged\\0\""),
        ),
        lie(
            "spec-description-escapes",
            instead("Text", "\"\\e[2J\\e]0;owned\\a\\x9b1A\\u202e\\r\\n[ERROR] forged\""),
        ),
        lie("spec-version-none", instead("1.0.0", "one")),
        lie("spec-version-empty", instead("1.0.0", "''")),
        lie("spec-version-short", instead("1.0.0", "'1.0'")),
        lie("spec-version-zeros", instead("1.0.0", "01.0.0")),
        lie("spec-modes-none", instead("[extract]", "[]")),
        lie("spec-files-to-nothing", with("files: {read: [/nowhere], write: [/path/deeper, '']}")),
        lie("spec-files-to-all", with("files: {write: ['/', '//', '/~2']}")),
        lie("spec-secrets-to-nothing", with("secrets: [/nowhere, path]")),
        lie("spec-network-no-texts", with("network: [{host: 5, port: [1]}]")),
        lie(
            "spec-network-odd-ports",
            with(
                "network: [{host: a, port: -1}, {host: a, port: 65536}, {host: a, port: 1.5}, {host: a, port: http}]",
            ),
        ),
        lie("spec-network-to-nothing", with("network: [{host: /nowhere, port: /nowhere}]")),
        lie(
            "spec-network-anywhere",
            with(
                "network: [{host: '*', port: 0}, {host: 0.0.0.0, port: 80}, {host: '', port: 80}]",
            ),
        ),
        lie("spec-limits-zero", with("limits: {seconds: 0, memory: 0MiB}")),
        lie(
            "spec-limits-largest",
            with("limits: {seconds: 18446744073709551615, memory: 18446744073709551615GiB}"),
        ),
        lie("spec-limits-beyond", with(&format!("limits: {{seconds: {nine}, memory: {nine}MiB}}"))),
        lie("spec-limits-negative", with("limits: {seconds: -1, memory: -1MiB}")),
        lie("spec-unknown-right", with("processes: [/bin/sh]")),
        lie("spec-twice-a-key", with("name: test.other")),
        lie("schema-remote", schema("{type: object, $ref: 'https://example.com/schema.json'}")),
        lie("schema-file", schema("{type: object, $ref: 'file:///etc/passwd'}")),
        lie(
            "schema-dynamic",
            schema("{type: object, $dynamicRef: 'https://example.com/schema.json'}"),
        ),
        lie(
            "schema-remote-dialect",
            schema("{$schema: 'https://example.com/dialect', type: object}"),
        ),
        lie(
            "schema-remote-id",
            schema("{type: object, $id: 'https://example.com/', $ref: 'other.json'}"),
        ),
        lie("schema-refers-to-itself", schema("{type: object, $ref: '#'}")),
        lie(
            "schema-regex-large",
            schema("{type: object, properties: {a: {pattern: '((a{1,1000}){1,1000}){1,1000}'}}}"),
        ),
        lie("schema-regex-slow", slow_pattern("^(a|a)*$")),
        lie("schema-regex-looks-back", slow_pattern("^(?=(a+)+$)\\\\1b")),
        lie(
            "schema-regex-of-keys",
            schema("{type: object, patternProperties: {'((a{1,1000}){1,1000}){1,1000}': true}}"),
        ),
        lie("schema-many-patterns", schema(&patterns(1000, "{18}"))),
        lie("schema-patterns-together", schema(&patterns(60, "{300}"))),
        lie("schema-many-patterns-of-keys", schema(&pattern_keys(1000))),
        lie("schema-unevaluated-in-each-other", unevaluated(25)),
        lie("schema-many-values-in-an-example", many_values()),
        lie("schema-many-options", schema(&options(30_000))),
        lie("spec-many-pointers-to-nothing", many_pointers()),
        lie("spec-many-unknown-keys", with(&keys(20_000))),
        lie("spec-half-a-mebibyte", instead("Text", &"t".repeat(1 << 19))),
        lie("component-countless-sections", sections(5_000_000)),
        lie("component-countless-specs", custom(&vec![SPEC.as_bytes(); 20_000])),
        lie("schema-no-object", schema("[1, 2]")),
        lie("spec-large", instead("Text", &"t".repeat(10 << 20))),
        lie(
            "spec-deep",
            component(&[&format!(
                "{SPEC}examples: {}{}\n",
                "[".repeat(100_000),
                "]".repeat(100_000)
            )]),
        ),
        lie("spec-bomb", component(&[&bomb()])),
        lie("spec-empty", component(&[""])),
        lie("spec-not-utf8", custom(&[b"name: \xff\xfe"])),
        lie("spec-nul", component(&["name: a\0b"])),
        lie("component-import-escapes", import("acme:\u{1b}[2J\u{1b}]0;owned\u{7}/x\r\n@1.0.0")),
        lie("component-import-long", import(&"i".repeat(100_000))),
        lie("component-import-http", import("wasi:http/outgoing-handler@0.2.3")),
        lie("component-import-command", import("wasi:cli/run@0.2.3")),
        lie("component-import-keyvalue", import("wasi:keyvalue/store@0.2.0-draft")),
        lie("component-import-later-sockets", import("wasi:sockets/tcp@0.3.0")),
        lie("component-import-odd-sockets", import("wasi:sockets/raw@0.2.0")),
        lie("component-import-no-version", import("osiris:driver/context")),
        lie("component-nested-1000", nested(1000)),
        lie("component-nested-100000", nested(100_000)),
        lie(
            "component-countless-imports",
            [&HEADER[..], &[10, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat(),
        ),
        lie(
            "component-section-beyond-the-end",
            [&HEADER[..], &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]].concat(),
        ),
        lie("component-only-its-header", HEADER.to_vec()),
        lie("component-of-a-later-version", b"\0asm\x99\0\x01\0".to_vec()),
    ];
    lies.extend(bombs);
    lies
}

/// Returns a spec with a pattern and an example on which a backtracking engine would not terminate.
fn slow_pattern(pattern: &str) -> Vec<u8> {
    let text = SPEC.replace("{type: string}", &format!("{{type: string, pattern: \"{pattern}\"}}"));
    let example = format!("examples: [{{title: slow, config: {{path: {}b}}}}]\n", "a".repeat(5000));
    component(&[&(text + &example)])
}

/// Returns a schema with many properties, each with a different pattern.
fn patterns(count: usize, times: &str) -> String {
    let property = |at: usize| format!("p{at}: {{pattern: 'x{at}\\p{{L}}{times}'}}");
    let properties: Vec<_> = (0..count).map(property).collect();
    format!("{{type: object, properties: {{{}}}}}", properties.join(", "))
}

fn pattern_keys(count: usize) -> String {
    let keys: Vec<_> = (0..count).map(|at| format!("'x{at}\\p{{L}}{{18}}': true")).collect();
    format!("{{type: object, patternProperties: {{{}}}}}", keys.join(", "))
}

/// Returns a schema in which each level evaluates the level below twice, so the work doubles per
/// level.
fn unevaluated(levels: usize) -> Vec<u8> {
    let mut schema = "{properties: {path: {type: string}}}".to_owned();
    for _ in 0..levels {
        schema = format!("{{allOf: [{schema}], unevaluatedProperties: false}}");
    }
    let end = SPEC.find("configSchema").unwrap_or_default();
    component(&[&format!(
        "{}configSchema: {{type: object, allOf: [{schema}]}}\nexamples: [{{title: t, config: {{path: a, b: c}}}}]\n",
        &SPEC[..end]
    )])
}

/// Returns a spec with many values, each checked in many ways.
fn many_values() -> Vec<u8> {
    let checks: Vec<_> = (0..5000).map(|at| format!("{{maximum: {}}}", at + 10)).collect();
    let text = SPEC.replace(
        "{type: string}",
        &format!("{{type: array, items: {{allOf: [{}]}}}}", checks.join(", ")),
    );
    let values = vec!["1"; 50_000].join(",");
    component(&[&format!("{text}examples: [{{title: t, config: {{path: [{values}]}}}}]\n")])
}

fn options(count: usize) -> String {
    let options: Vec<_> = (0..count).map(|at| at.to_string()).collect();
    format!("{{type: object, properties: {{a: {{enum: [{}]}}}}}}", options.join(","))
}

/// Returns a spec with pointers to missing keys, among many existing ones.
fn many_pointers() -> Vec<u8> {
    let properties: Vec<_> = (0..6000).map(|at| format!("property_{at}: {{}}")).collect();
    let pointers: Vec<_> = (0..6000).map(|at| format!("/propretty_{at}")).collect();
    let text = SPEC.replace("path: {type: string}", &properties.join("\n    "));
    component(&[&format!("{text}secrets: [{}]\n", pointers.join(", "))])
}

fn keys(count: usize) -> String {
    (0..count).map(|at| format!("nmae{at}: 1\n")).collect()
}

/// Returns a component padded with empty sections.
fn sections(count: usize) -> Vec<u8> {
    [&component(&[SPEC])[..], &[0, 1, 0].repeat(count)].concat()
}

/// Returns YAML with ten levels of ten aliases each.
fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let before = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    text
}

/// Header of a component.
const HEADER: [u8; 8] = *b"\0asm\x0d\0\x01\0";

fn component(specs: &[&str]) -> Vec<u8> {
    custom(&specs.iter().map(|spec| spec.as_bytes()).collect::<Vec<_>>())
}

fn custom(specs: &[&[u8]]) -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for spec in specs {
        bytes.extend(section(0, &[&text(b"osiris:spec"), *spec].concat()));
    }
    bytes
}

/// Returns a component that imports one empty interface.
fn import(name: &str) -> Vec<u8> {
    let mut bytes = component(&[SPEC]);
    bytes.extend(section(7, &[1, 0x42, 0]));
    bytes.extend(section(10, &[&[1, 0], &text(name.as_bytes())[..], &[5, 0]].concat()));
    bytes
}

/// Returns nested components.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = component(&[SPEC]);
    // Building from the innermost outwards would copy everything each time: only the lengths are
    // needed.
    let mut lengths = vec![HEADER.len()];
    for _ in 1..depth {
        let inner = lengths[lengths.len() - 1];
        lengths.push(HEADER.len() + 1 + number(inner).len() + inner);
    }
    for length in lengths.iter().rev() {
        bytes.push(4);
        bytes.extend(number(*length));
        bytes.extend(HEADER);
    }
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &number(content.len())[..], content].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    [&number(text.len()), text].concat()
}

/// Encodes a number in LEB128.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let seven = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(seven);
            return bytes;
        }
        bytes.push(seven | 0x80);
    }
}

impl Lie {
    /// Inspects the component, then runs it, and compares the output with `<folder>/<name>.txt`.
    ///
    /// # Errors
    /// Returns a description of what the host failed to prevent.
    pub fn run(&self, folder: &Path) -> Result<(), String> {
        let project = TestProject::new();
        pipeline::surround(&project);
        project.write("drivers/test.liar.wasm", &self.bytes);
        project.write("pipeline.yaml", "oml_version: 0.1.0\nname: lie\nsteps:\n  - {id: a, component: test.liar, mode: read}\n  - {id: b, component: test.sink, mode: write, needs: [a], config: {path: out}}\n");
        let before = project.files();
        let run = |arguments: &[&str]| {
            let mut running = project.osiris(arguments).test_drivers().start();
            let peak = running.peak() >> 20;
            let finished = running.finish();
            if finished.took > PATIENCE || peak > MEMORY {
                let command = arguments.join(" ");
                return Err(format!("`{command}` took {:?} and {peak} MiB", finished.took));
            }
            Ok(finished)
        };
        let inspect = run(&["drivers", "inspect", "drivers/test.liar.wasm"])?;
        let list = run(&["drivers", "list"])?;
        let run = run(&["run", "pipeline.yaml", "--limit", "seconds=1"])?;
        let mut report = String::new();
        for (name, Finished { stdout, stderr, status, .. }) in
            [("inspect", &inspect), ("run", &run)]
        {
            report.push_str(&format!("--- {name}: {status}\n{stdout}{stderr}"));
        }
        let report = snapshot::normalise(&report, &project);
        snapshot::compare(&folder.join(format!("{}.txt", self.name)), &report)?;
        for finished in [&inspect, &list, &run] {
            check_words(finished, "")?;
            if finished.stderr.contains("panicked") || finished.code().is_none() {
                return Err(format!("the host fell: {}", finished.stderr));
            }
        }
        let refused = if self.runs { &[1][..] } else { &[2, 3] };
        if !run.code().is_some_and(|code| refused.contains(&code)) {
            return Err(format!("it ran: {}", run.status));
        }
        if project.files() != before {
            return Err(format!("these files are there: {:?}", project.files()));
        }
        pipeline::check_outside(&project)
    }
}
