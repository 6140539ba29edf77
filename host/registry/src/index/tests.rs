use std::path::Path;

use base64::Engine as _;
use osiris_core::schema::Schema;
use serde_json::{Value, json};

use super::*;
use crate::source::Source;
use crate::trust::SecretKey;

fn release(version: &str, source: &str) -> Value {
    json!({
        "version": version, "source": source, "sha256": "a".repeat(64), "size": 17,
        "contract": "osiris:driver@0.1.0", "permissions": ["dials: /host port 443"],
    })
}

fn document(driver: &Value) -> Value {
    json!({"version": 1, "sequence": 3, "drivers": {"acme.crm": driver}})
}

fn with(versions: &[Value]) -> Value {
    document(&json!({"title": "CRM", "versions": versions}))
}

fn sealed(document: &Value, key: &SecretKey) -> Vec<u8> {
    signed::seal(&format!("{document}\n"), key).into_bytes()
}

fn key() -> SecretKey {
    SecretKey::generate().unwrap()
}

fn error(bytes: &[u8], key: &SecretKey) -> String {
    let problem = DriverIndex::open(bytes, &key.public()).unwrap_err();
    format!("{}: {}", problem.code, problem.message)
}

#[test]
fn index_reads_back_as_written() {
    let key = key();
    let index = with(&[release("1.0.0", "oci://ghcr.io/acme/crm:1.0.0")]);
    let index = DriverIndex::open(&sealed(&index, &key), &key.public()).unwrap();
    let text = index.seal(&key);
    assert_eq!(DriverIndex::open(text.as_bytes(), &key.public()).unwrap(), index);
    assert_eq!(DriverIndex::open_with_own_key(text.as_bytes()).unwrap(), (key.public(), index));
    assert_eq!(text.lines().next(), Some("{"));
    assert!(text.ends_with("\"}\n"), "{text}");
}

#[test]
fn known_key_gives_the_known_signature() {
    // RFC 8032, 7.1, test 1.
    let key = "osiris-secret-key:nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let text = signed::seal("{}\n", &SecretKey::parse(key).unwrap());
    insta::assert_snapshot!(text);
}

#[test]
fn changed_or_unsigned_index_is_rejected_before_it_is_parsed() {
    let (own, other) = (key(), key());
    let good = sealed(&with(&[release("1.0.0", "a.wasm")]), &own);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        let text = error(&bad, &own);
        assert!(text.starts_with("index_untrusted"), "{index}: {text}");
    }
    for length in 0..good.len() - 1 {
        assert!(error(&good[..length], &own).starts_with("index_untrusted"), "{length}");
    }
    assert!(error(&good, &other).contains("but the expected key is"));
    assert!(error(b"not json\n", &own).contains("not signed"));
    assert!(error(b"", &own).contains("not signed"));
    // A signature of a driver, with the same key, is not one of an index.
    let digest = osiris_core::canonical::digest(b"{}\n");
    let of_driver = own.sign(&[b"osiris driver signature v1\0", digest.as_slice()].concat());
    let of_driver = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(of_driver);
    let line = json!({"key": own.public().to_string(), "signature": of_driver});
    assert!(error(format!("{{}}\n{line}\n").as_bytes(), &own).contains("was changed after"));
    // A second document after the signature.
    assert!(error(&[good.as_slice(), b"{}\n"].concat(), &own).contains("not signed"));
}

#[test]
fn invalid_document_is_rejected_with_reason() {
    let key = key();
    let part = |field: &str, value: Value| {
        let mut release = release("1.0.0", "a.wasm");
        release[field] = value;
        with(&[release])
    };
    let (one, two) = (release("1.0.0", "a.wasm"), release("1.0.0", "b.wasm"));
    for (document, expected) in [
        (json!([]), "index_invalid"),
        (json!({"version": 2, "sequence": 1}), "version_unsupported"),
        (json!({"version": 1, "sequence": 1}), "missing field `drivers`"),
        (json!({"version": 1, "sequence": 0, "drivers": {}}), "`sequence` must be at least 1"),
        (json!({"version": 1, "sequence": -1, "drivers": {}}), "invalid value"),
        (
            json!({"version": 1, "sequence": 1, "drivers": {"../x": {"versions": []}}}),
            "driver name",
        ),
        (document(&json!({})), "missing field `versions`"),
        (document(&json!({"versions": []})), "`versions` is empty"),
        (with(&[one, two]), "version 1.0.0 is listed twice"),
        (part("version", json!("\u{1b}[2J")), r"`\u{1b}[2J` is not a version"),
        (part("sha256", json!("abc")), "`sha256` must be 64 hex digits"),
        (part("size", json!(u64::MAX)), "`size` is larger than any driver"),
        (part("signer", json!("me")), "`signer` is not a public key"),
        (part("source", json!("/etc/passwd")), "the source `/etc/passwd` must be"),
        (part("source", json!("../a.wasm")), "the source `../a.wasm` must be"),
        (part("source", json!("a/./b.wasm")), "must be"),
        (part("source", json!("a\\b.wasm")), "must be"),
        (part("source", json!("file:///etc/passwd")), "must be"),
        (part("source", json!("osiris://a.b")), "must be"),
        (part("source", json!("https://me:secret@h/a.wasm")), "must be"),
        (part("source", json!("")), "must be"),
    ] {
        let text = error(&sealed(&document, &key), &key);
        assert!(text.contains(expected), "{document}: {text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    let deep = format!("{}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    assert!(error(signed::seal(&deep, &key).as_bytes(), &key).contains("index_invalid"));
    let large = signed::seal(&format!("{}\n", " ".repeat(MAX_INDEX as usize)), &key);
    assert!(error(large.as_bytes(), &key).contains("larger than the limit of 8.00 MiB"));
}

#[test]
fn schema_accepts_valid_documents_and_unknown_keys_are_ignored() {
    let schema = Schema::new(serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let mut index = with(&[release("1.0.0", "a.wasm")]);
    assert!(schema.check(&index).is_empty());
    index["mirrors"] = json!(["https://b.example"]);
    index["drivers"]["acme.crm"]["stars"] = json!(5);
    assert!(schema.check(&index).is_empty());
    let key = key();
    assert!(DriverIndex::open(&sealed(&index, &key), &key.public()).is_ok());
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/sequence", json!(0)),
        ("/drivers", json!({"Acme": {"versions": []}})),
        ("/drivers/acme.crm/versions", json!([])),
        ("/drivers/acme.crm/versions/0/sha256", json!("abc")),
    ] {
        let mut bad = index.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!schema.check(&bad).is_empty(), "{pointer}");
    }
}

#[test]
fn newest_usable_version_is_chosen() {
    let key = key();
    let newest = |versions: &[(&str, &str)]| {
        let versions: Vec<Value> = versions
            .iter()
            .map(|(version, contract)| {
                let mut release = release(version, "a.wasm");
                release["contract"] = json!(contract);
                release
            })
            .collect();
        let index = DriverIndex::open(&sealed(&with(&versions), &key), &key.public()).unwrap();
        index.drivers["acme.crm"].newest().unwrap().version.clone()
    };
    let (own, newer) = ("osiris:driver@0.1.0", "osiris:driver@9.0.0");
    assert_eq!(newest(&[("1.9.0", own), ("1.10.0", own), ("2.0.0-rc.1", own)]), "1.10.0");
    assert_eq!(newest(&[("1.0.0", own), ("2.0.0", newer)]), "1.0.0");
    assert_eq!(newest(&[("2.0.0-rc.1", own), ("2.0.0", newer)]), "2.0.0-rc.1");
    assert_eq!(newest(&[("1.0.0", newer), ("2.0.0", newer)]), "2.0.0");
}

#[test]
fn relative_source_is_next_to_the_index() {
    let release: Release = serde_json::from_value(release("1.0.0", "v1/a b.wasm")).unwrap();
    let source = |index: &str| {
        let index = Source::parse(index, Path::new("/project")).unwrap();
        release.source(&index).map(|source| source.to_string())
    };
    assert_eq!(source("https://h/x/index.json?v=1").unwrap(), "https://h/x/v1/a%20b.wasm");
    assert_eq!(source("https://h/index.json").unwrap(), "https://h/v1/a%20b.wasm");
    assert_eq!(source("share/index.json").unwrap(), "/project/share/v1/a b.wasm");
    let error = source("oci://h/index").unwrap_err().to_string();
    assert!(error.contains("the index is in a registry"), "{error}");
}
