//! Compressed files, whole and damaged.

use std::fs;
use std::io::Write;
use std::path::Path;

use filesystem_csv_extractor::CsvExtractor;
use osiris_sdk::{Kind, testing};
use serde_json::{Value, json};

const TEXT: &str = "a,b\n1,x\n2,y\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn bz2(text: &str) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &str) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::DEFAULT).expect("memory");
        archive.write_all(text.as_bytes()).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

fn xz() -> Vec<u8> {
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0))
        .expect("memory");
    writer.write_all(TEXT.as_bytes()).expect("memory");
    writer.finish().expect("memory")
}

fn run(name: &str, bytes: &[u8], options: Value) -> Result<Value, (Kind, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file in it");
    let mut config = options;
    config["path"] = json!(path);
    let report = testing::run::<CsvExtractor>(config).report();
    match &report.result {
        Ok(_) => Ok(report.table().rows()),
        Err(error) => Err((error.kind, shown(&error.message, folder.path()))),
    }
}

fn shown(message: &str, folder: &Path) -> String {
    message.replace(&format!("{}/", folder.display()), "")
}

#[test]
fn compression_is_set_by_extension_or_config() {
    let rows = json!([[1, "x"], [2, "y"]]);
    for (extension, name, bytes) in [
        ("gz", "gzip", gzip(TEXT)),
        ("bz2", "bz2", bz2(TEXT)),
        ("xz", "xz", xz()),
        ("zst", "zstd", zstd(TEXT)),
        ("zip", "zip", zip(&[("a.csv", TEXT)])),
    ] {
        assert_eq!(run(&format!("a.csv.{extension}"), &bytes, json!({})), Ok(rows.clone()));
        assert_eq!(run("a.csv", &bytes, json!({"compression": name})), Ok(rows.clone()));
    }
}

#[test]
fn compression_aliases_are_accepted() {
    let rows = json!([[1, "x"], [2, "y"]]);
    for (name, bytes) in
        [("gz", gzip(TEXT)), ("bzip2", bz2(TEXT)), ("zst", zstd(TEXT)), ("none", TEXT.into())]
    {
        assert_eq!(run("a.csv", &bytes, json!({"compression": name})), Ok(rows.clone()), "{name}");
    }
    let (kind, message) = run("a.csv", b"a", json!({"compression": "zipped"})).expect_err("none");
    assert_eq!(kind, Kind::Config);
    assert!(
        message.starts_with("config field `compression`: unknown variant `zipped`"),
        "{message}"
    );
    for name in ["gzip", "bz2", "zip", "xz", "zstd"] {
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn multi_part_compressed_files_are_read() {
    let (first, second) = TEXT.split_at(7);
    let rows = json!([[1, "x"], [2, "y"]]);
    for (extension, compress) in [("gz", gzip as fn(&str) -> Vec<u8>), ("bz2", bz2), ("zst", zstd)]
    {
        let bytes = [compress(first), compress(second)].concat();
        assert_eq!(
            run(&format!("a.{extension}"), &bytes, json!({})),
            Ok(rows.clone()),
            "{extension}"
        );
    }
    let skippable = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(TEXT)].concat();
    assert_eq!(run("a.zst", &skippable, json!({})), Ok(rows));
}

#[test]
fn damaged_compressed_files_are_rejected() {
    for (extension, name, bytes) in [
        ("gz", "gzip", gzip(TEXT)),
        ("bz2", "bz2", bz2(TEXT)),
        ("xz", "xz", xz()),
        ("zst", "zstd", zstd(TEXT)),
        ("zip", "zip", zip(&[("a.csv", TEXT)])),
    ] {
        for bytes in [&bytes[..bytes.len() / 2], b"a,b\n1,2\n"] {
            let path = format!("a.{extension}");
            let (kind, message) = run(&path, bytes, json!({})).expect_err(name);
            assert_eq!(kind, Kind::Data, "{message}");
            assert!(
                message.starts_with(&format!("{path} cannot be read as {name}: ")),
                "{message}"
            );
        }
    }
}

#[test]
fn archive_needs_exactly_one_file() {
    let two = zip(&[("a.csv", TEXT), ("b.csv", TEXT)]);
    let (_, message) = run("a.zip", &two, json!({})).expect_err("two files");
    assert_eq!(
        message,
        "a.zip: the archive holds 2 files, and one is wanted: a.csv, b.csv; `member: \"a.csv\"` reads that one"
    );
    let (_, message) = run("a.zip", &zip(&[]), json!({})).expect_err("no file");
    assert_eq!(message, "a.zip: the archive holds no files, and one is wanted");
}

#[test]
fn decompression_bomb_exceeds_the_field_limit() {
    let bomb = gzip(&"0".repeat(200 << 20));
    let (kind, message) = run("a.gz", &bomb, json!({})).expect_err("a bomb");
    assert_eq!(kind, Kind::Data);
    assert!(message.contains("line 1: field 1 is larger than the limit of 16 MiB"), "{message}");
}

#[test]
fn member_selects_a_file_of_an_archive() {
    let rows = json!([[1, "x"], [2, "y"]]);
    let two = zip(&[("a/README.txt", "hello"), ("a/b.csv", TEXT)]);
    assert_eq!(run("a.zip", &two, json!({"member": "a/b.csv"})), Ok(rows.clone()));
    let (_, message) = run("a.zip", &two, json!({"member": "b.csv"})).expect_err("no such file");
    assert_eq!(
        message,
        "a.zip: member: the archive holds no file \"b.csv\"; it holds a/README.txt, a/b.csv"
    );
    let (_, message) = run("a.csv", b"a", json!({"member": "b.csv"})).expect_err("no archive");
    assert!(message.starts_with("member: "), "{message}");
    // What macOS adds is no file of anybody's.
    let mac = zip(&[("b.csv", TEXT), ("__MACOSX/._b.csv", "\0"), (".DS_Store", "\0")]);
    assert_eq!(run("a.zip", &mac, json!({})), Ok(rows));
    let book = zip(&[("[Content_Types].xml", "<>"), ("xl/workbook.xml", "<>")]);
    let (_, message) = run("a.xlsx", &book, json!({"compression": "zip"})).expect_err("a workbook");
    assert_eq!(message, "a.xlsx: it is an Excel workbook; save it as CSV in Excel");
}

#[test]
fn zero_padding_after_gzip_is_ignored_and_other_bytes_rejected() {
    let rows = json!([[1, "x"], [2, "y"]]);
    for zeros in [1, 512, 100_000] {
        let padded = [gzip(TEXT), vec![0; zeros]].concat();
        assert_eq!(run("a.gz", &padded, json!({})), Ok(rows.clone()), "{zeros}");
    }
    let (first, second) = TEXT.split_at(7);
    let padded = [gzip(first), gzip(second), vec![0; 512]].concat();
    assert_eq!(run("a.gz", &padded, json!({})), Ok(rows));
    for garbage in [b"garbage".as_slice(), b"\0\0garbage"] {
        let bytes = [&gzip(TEXT), garbage].concat();
        let (kind, message) = run("a.gz", &bytes, json!({})).expect_err("garbage");
        assert_eq!(kind, Kind::Data);
        assert!(
            message.starts_with("a.gz cannot be read as gzip: there are bytes behind the end"),
            "{message}"
        );
    }
}
