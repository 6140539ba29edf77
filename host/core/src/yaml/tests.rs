use crate::code::Code;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::diagnostic::Result;

fn read_text(text: impl AsRef<[u8]>) -> Result<Node> {
    parse(text.as_ref(), Path::new("p.yaml"))
}

/// Formats every problem as `line:column code: message`.
fn problems(text: impl AsRef<[u8]>) -> Vec<String> {
    let error = read_text(text).expect_err("the text is invalid");
    let line = |problem: crate::diagnostic::Diagnostic| {
        let at = problem.location.and_then(|location| location.position).expect("a position");
        format!("{}:{} {}: {}", at.line, at.column, problem.code, problem.message)
    };
    error.into_diagnostics().into_iter().map(line).collect()
}

#[test]
fn values_have_their_start_position() {
    let root = read_text("# first\nsteps:\n  - id: é\n    config: {a: 1, b: [x, y]}\n").unwrap();
    let at = |pointer| {
        let Position { line, column } = root.position_of(pointer);
        (line, column)
    };
    assert_eq!(at(""), (2, 1));
    assert_eq!(at("/steps"), (2, 1));
    assert_eq!(at("/steps/0"), (3, 5));
    assert_eq!(at("/steps/0/config/b"), (4, 20));
    assert_eq!(at("/steps/0/config/b/1"), (4, 27));
    assert_eq!(at("/steps/0/config/missing/deep"), (4, 5));
}

#[test]
fn json_parses_as_yaml() {
    let value = json!({"a": [1, -2.5, null, true, "x\n\u{1b}\u{e9}y"], "b": {}, "c": []});
    assert_eq!(read_text(value.to_string()).unwrap().to_json(), value);
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(read_text(pretty).unwrap().to_json(), value);
}

#[test]
fn aliases_resolve_to_their_value() {
    let root = read_text("base: &b {k: [1]}\nagain: *b\n").unwrap();
    assert_eq!(root.to_json(), json!({"base": {"k": [1]}, "again": {"k": [1]}}));
    assert_eq!(root.entry("again").unwrap().value.position, Position { line: 2, column: 8 });
}

#[test]
fn empty_file_is_null() {
    for text in ["", "# nothing\n", "---\n", "\u{feff}"] {
        assert_eq!(read_text(text).unwrap().to_json(), Json::Null, "{text:?}");
    }
}

#[test]
fn every_yaml_problem_has_message_and_position() {
    let table: &[(&[u8], &[&str])] = &[
        (b"a:\n\tb: 1\n", &["2:2 indent_invalid: YAML does not allow tabs for indentation"]),
        (
            b"a: [1\n",
            &[
                "2:1 yaml_invalid: the file is not valid YAML: while parsing a flow sequence, expected ',' or ']'",
            ],
        ),
        (
            b"a: 1\nb: 2\na: 3\nb: 4\n",
            &[
                "3:1 key_duplicate: duplicate key `a`: already set in line 1",
                "4:1 key_duplicate: duplicate key `b`: already set in line 2",
            ],
        ),
        (b"a: \xff\n", &["1:4 encoding_invalid: the file is not UTF-8 text: invalid byte"]),
        (
            b"a: b\x00c\n",
            &[
                "1:5 character_invalid: the file contains the control character U+0000, which YAML does not allow",
            ],
        ),
        (
            b"a: 1\n---\nb: 2\n",
            &["2:1 document_repeated: second YAML document: a file can contain only one"],
        ),
        (b"a: !secret x\n", &["1:4 tag_unknown: unknown YAML tag `!secret`"]),
        (b"a: !!int x\n", &["1:4 tag_invalid: the value does not match its tag `!!int`"]),
        (
            b"1: x\ntrue: y\n~: z\n",
            &[
                "1:1 key_invalid: a key must be text, but `1` is a whole number",
                "2:1 key_invalid: a key must be text, but `true` is true or false",
                "3:1 key_invalid: a key must be text, but `~` is empty",
            ],
        ),
        (b"[a]: x\n", &["1:1 key_invalid: a key must be text, but is a list"]),
        (
            b"a: &x {k: 1}\n*x : 2\n",
            &["2:1 key_invalid: a key must be text, but the alias is a mapping"],
        ),
        (
            b"a: &x {k: 1}\nb:\n  <<: *x\n",
            &["3:3 merge_key_unsupported: merge keys (`<<`) are not part of YAML 1.2"],
        ),
        (b"a: 18446744073709551616\n", &["1:4 number_invalid: the number does not fit in 64 bits"]),
        (b"a: .nan\n", &["1:4 number_invalid: the number is not finite"]),
        (b"a: &x [*x]\n", &["1:8 alias_recursive: an alias cannot be part of its own value"]),
    ];
    for (text, expected) in table {
        assert_eq!(problems(text), *expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn core_tags_set_the_type() {
    let root = read_text("a: !!str 1\nb: !!float 1\nc: !!seq []\nd: ! 2\n").unwrap();
    assert_eq!(root.to_json(), json!({"a": "1", "b": 1, "c": [], "d": "2"}));
}

#[test]
fn alias_bombs_are_rejected_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", "));
    }
    let long = "x".repeat(1 << 20);
    let copies = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 100_000].join(", "));
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..100 {
        chain += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
    }
    let table = [
        (bomb, Code::ValuesTooMany),
        (copies, Code::ValuesTooMany),
        (chain, Code::NestingTooDeep),
        ("[".repeat(1 << 20), Code::NestingTooDeep),
        ("- ".repeat(1 << 20), Code::NestingTooDeep),
        ("{a: ".repeat(1 << 20), Code::NestingTooDeep),
        ("a: [".repeat(1 << 20), Code::NestingTooDeep),
        ("- x\n".repeat(1 << 20), Code::ValuesTooMany),
        ("[1,".to_owned() + &"1,".repeat(1 << 21), Code::ValuesTooMany),
        ("? ".repeat(1 << 20), Code::KeyInvalid),
        ("&a ".repeat(1 << 20), Code::YamlInvalid),
        ("\"".to_owned() + &"x\n".repeat(1 << 21), Code::YamlInvalid),
        ("x".repeat(1 << 23) + "y", Code::FileTooLarge),
    ];
    for (text, code) in table {
        let start = Instant::now();
        let error = read_text(&text).expect_err("a bomb");
        let shown: String = text.chars().take(30).collect();
        assert_eq!(error.first().code, code, "{shown}: {error}");
        assert!(start.elapsed() < Duration::from_secs(60), "{shown}: {:?}", start.elapsed());
    }
}

#[test]
fn non_files_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| read(path).expect_err("refused").first().code;
    assert_eq!(code(folder.path()), Code::FileIrregular);
    assert_eq!(code(&folder.path().join("missing.yaml")), Code::FileMissing);
    assert_eq!(code(Path::new("/dev/zero")), Code::FileIrregular);
}

/// Generates JSON values of reasonable size.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        "[-+.0-9a-fxoe:#~!&*? \n]{0,8}".prop_map(Json::from),
        "(yes|no|on|null|~|true|=|<<|---|\\.\\.\\.)".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_rejected(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_text(bytes);
    }

    #[test]
    fn any_yaml_like_text_is_parsed_or_rejected(text in "[-a\\[\\]{},:#&*!|>'\"%@?<~ \t\n0.]{0,80}") {
        if let Err(error) = read_text(&text) {
            prop_assert!(!error.diagnostics().is_empty());
        }
    }

    #[test]
    fn written_yaml_reads_back(value in any_json()) {
        let text = to_string(&value);
        let read = read_text(&text);
        prop_assert!(read.is_ok(), "{text}: {read:?}");
        prop_assert_eq!(read.unwrap().to_json(), value, "{}", text);
    }
}
