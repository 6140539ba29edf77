//! Reads files that are there for one test.

#![allow(dead_code, reason = "no test uses all of it")]

use std::fs;

use filesystem_csv_extractor::CsvExtractor;
use osiris_sdk::DataType;
use osiris_sdk::testing::{self, Report};
use serde_json::{Value, json};

/// The columns of a table, by name, and its rows.
pub(crate) type Table = (Vec<(String, DataType)>, Value);

/// Reads a file, and shortens its name in messages.
pub(crate) fn report(content: impl AsRef<[u8]>, options: Value) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.csv");
    fs::write(&path, content).expect("a file in it");
    let mut config = options;
    config["path"] = json!(path);
    let mut report = testing::run::<CsvExtractor>(config).report();
    let folder = format!("{}/", folder.path().display());
    if let Err(error) = &mut report.result {
        error.message = error.message.replace(&folder, "");
    }
    report
}

/// Reads a file.
pub(crate) fn read(content: impl AsRef<[u8]>, options: Value) -> Table {
    let report = report(content, options);
    if let Err(error) = &report.result {
        panic!("{error}");
    }
    let fields = &report.table().schema().fields;
    let columns = fields.iter().map(|f| (f.name.clone(), f.data_type.clone())).collect();
    (columns, report.table().rows())
}

/// The rows of a file.
pub(crate) fn rows(content: impl AsRef<[u8]>, options: Value) -> Value {
    read(content, options).1
}

/// The names of the columns of a file.
pub(crate) fn names(content: impl AsRef<[u8]>, options: Value) -> Vec<String> {
    read(content, options).0.into_iter().map(|(name, _)| name).collect()
}

/// The types of the columns of a file.
pub(crate) fn types(content: impl AsRef<[u8]>, options: Value) -> Vec<DataType> {
    read(content, options).0.into_iter().map(|(_, data_type)| data_type).collect()
}

/// The reason that a file cannot be read.
pub(crate) fn error(content: impl AsRef<[u8]>, options: Value) -> String {
    match report(content, options).result {
        Ok(_) => panic!("the file was read"),
        Err(error) => error.message,
    }
}
