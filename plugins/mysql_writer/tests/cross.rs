//! Values of every type in columns of every type: they come back equal, or the run fails.

mod support;

use std::thread;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, table};
use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use services::Database;
use support::{SERVERS, step};

const COLUMNS: &[&str] = &[
    "TINYINT",
    "INT UNSIGNED",
    "BIGINT",
    "BIT(1)",
    "BIT(12)",
    "YEAR",
    "FLOAT",
    "DOUBLE",
    "FLOAT(7,3)",
    "DOUBLE(8,2)",
    "DECIMAL(7,2)",
    "DECIMAL(20,0)",
    "CHAR(12)",
    "VARCHAR(12)",
    "VARCHAR(30) CHARACTER SET latin1",
    "TINYTEXT",
    "BINARY(3)",
    "VARBINARY(12)",
    "BLOB",
    "ENUM('1','0','12','a','')",
    "SET('1','0','12','a')",
    "DATE",
    "DATETIME",
    "DATETIME(3)",
    "TIMESTAMP(6)",
    "TIME",
    "TIME(2)",
    "JSON",
];

fn values() -> Vec<(DataType, Vec<Value>)> {
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let texts = [
        "",
        " ",
        "a",
        "a ",
        "A",
        "0",
        "1",
        "12",
        "012",
        "-1",
        "1.239",
        "1.5",
        "16777217.5",
        "1e3",
        "12:34",
        "10:11:12",
        "10:11:12.345",
        "01-02-03",
        "2024-01-02",
        "2024-01-02 03:04:05",
        "2024-01-02 03:04:05.678901",
        "2024-01-02 03:04:05+02:00",
        "20240102",
        "70",
        "1970",
        "1,0",
        "true",
        "null",
        "{\"a\": 1.50}",
        "12345678901234567890123",
        "é王",
        "\t\n\\N\0",
        "9999999999999999",
    ];
    vec![
        (DataType::Bool, vec![json!(true), json!(false)]),
        (DataType::Int8, vec![json!(-1), json!(70)]),
        (
            DataType::Int64,
            vec![
                json!(0),
                json!(12),
                json!(1970),
                json!(240_102),
                json!(16_777_217),
                json!(i64::MIN),
            ],
        ),
        (DataType::UInt64, vec![json!(2), json!(u64::MAX)]),
        (DataType::Float32, vec![json!(1.5), json!(f64::from(0.1_f32))]),
        (
            DataType::Float64,
            vec![json!(-0.5), json!(1.239), json!(1e300), json!(12.0), json!(0.1), json!(1e-7)],
        ),
        (
            DataType::Decimal128(20, 3),
            vec![json!("1.239"), json!("12.000"), json!("16777217.500"), json!("-0.001")],
        ),
        (DataType::Utf8, texts.iter().map(|text| json!(text)).collect()),
        (
            DataType::Binary,
            vec![json!("61"), json!("6100ff"), json!("c3a9"), json!("3132"), json!("")],
        ),
        (DataType::Date32, vec![json!(19_724), json!(-1)]),
        (
            DataType::Time64(TimeUnit::Microsecond),
            vec![json!(36_672_000_000_i64), json!(1_500_000)],
        ),
        (micros(None), vec![json!(1_704_164_645_000_000_i64), json!(1_704_164_645_678_901_i64)]),
        (micros(Some("UTC")), vec![json!(1_704_164_645_000_000_i64)]),
    ]
}

/// A value as a text, in one form for all types.
fn plain(data_type: &DataType, value: &Value, column: &str) -> String {
    let clock = |micros: i64| {
        let seconds = micros.div_euclid(1_000_000);
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{h:02}:{m:02}:{s:02}.{:06}", micros.rem_euclid(1_000_000))
    };
    let day = |days: i64| {
        let civil = csv_common::civil(days);
        format!("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day)
    };
    match (data_type, value) {
        (_, Value::Bool(value)) => u8::from(*value).to_string(),
        (DataType::Float32, value) => (value.as_f64().expect("a float") as f32).to_string(),
        (DataType::Float64, value) => value.as_f64().expect("a float").to_string(),
        (DataType::Date32, value) => day(value.as_i64().expect("days")),
        (DataType::Time64(_), value) => clock(value.as_i64().expect("a time")),
        (DataType::Timestamp(..), value) => {
            let micros = value.as_i64().expect("a time");
            let day_micros = 86_400_000_000;
            format!(
                "{} {}",
                day(micros.div_euclid(day_micros)),
                clock(micros.rem_euclid(day_micros))
            )
        }
        (DataType::Binary, Value::String(digits)) => {
            let bytes: Vec<_> = (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits"))
                .collect();
            if column.starts_with("BIT") {
                let number = bytes.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
                return number.to_string();
            }
            String::from_utf8(bytes).unwrap_or_else(|_| format!("bytes {digits}"))
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Zeros at the end of a fraction, and a time of midnight, mean nothing.
fn trimmed(text: &str) -> String {
    let is_date = text.len() == 10 && text.as_bytes()[4] == b'-';
    let text = if is_date { format!("{text} 00:00:00") } else { text.to_owned() };
    if text.contains('.') && !text.contains(['e', '{']) {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn equal(a: &str, b: &str) -> bool {
    let as_json = |text: &str| serde_json::from_str::<Value>(text).ok();
    let numbers = a.parse::<f64>().ok().zip(b.parse::<f64>().ok());
    let is_short = a.len() <= 15 && b.len() <= 15;
    trimmed(a) == trimmed(b)
        || is_short && numbers.is_some_and(|(a, b)| a == b)
        || b.contains('e') && numbers.is_some_and(|(a, b)| a == b)
        || a.contains('{') && as_json(a) == as_json(b)
        // BOOLEAN in JSON.
        || matches!((a, b), ("1", "true") | ("0", "false"))
        || clock_of(a) == clock_of(b) && clock_of(a).is_some()
}

/// A time without seconds has none of them.
fn clock_of(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split(':').collect();
    match parts.as_slice() {
        [h, m] if h.len() == 2 && m.len() == 2 => Some(format!("{h}:{m}:00")),
        [h, m, s] if h.len() == 2 => Some(format!("{h}:{m}:{}", trimmed(s))),
        _ => None,
    }
}

/// Writes every value into a column of a table of its own. Returns how many the
/// column took, and those that came back as others.
fn cross(database: &Database, at: usize, column: &str) -> (usize, Vec<String>) {
    let name = format!("t{at}");
    let (mut written, mut failures) = (0, Vec::new());
    for (data_type, values) in values() {
        for (index, value) in values.iter().enumerate() {
            let input = table(&[("v", data_type.clone())], &json!([[value]]));
            let load = index % 2 == 0;
            let config = json!({"table": name, "mode": "truncate", "load_data": load});
            match step(&database.connection, config).input("df_a", &input).report().result {
                Ok(_) => written += 1,
                // It takes no value of that type.
                Err(error) if error.kind == Kind::Config => break,
                Err(error) => {
                    assert_eq!(error.kind, Kind::Data, "{data_type} {value} in {column}: {error}");
                    continue;
                }
            }
            let back = testing::run::<MysqlExtractor>(json!({
                "resolved_connection": database.connection, "table": name
            }));
            let back = back.expect_ok();
            let found = back.table().schema().fields[0].data_type.clone();
            let there = plain(&found, &back.table().rows()[0][0], column);
            let sent = plain(&data_type, value, "");
            let single = data_type == DataType::Float32
                && sent.parse::<f32>().ok() == there.parse::<f32>().ok();
            if !single && !equal(&sent, &there) {
                failures.push(format!(
                    "{} (load: {load}): {data_type} {value} in {column} is {there:?}",
                    database.kind
                ));
            }
        }
    }
    (written, failures)
}

#[test]
fn every_type_fits_every_column_exactly_or_fails() {
    let tables: Vec<_> = COLUMNS
        .iter()
        .enumerate()
        .map(|(at, of)| format!("CREATE TABLE t{at} (v {of} NULL)"))
        .collect();
    SERVERS.on_each("cross", &tables.join("; "), |database| {
        let results: Vec<_> = thread::scope(|scope| {
            let columns = COLUMNS.iter().enumerate();
            let threads: Vec<_> = columns
                .map(|(at, column)| scope.spawn(move || cross(database, at, column)))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let failures: Vec<_> = results.iter().flat_map(|(_, failures)| failures.clone()).collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        let written: usize = results.iter().map(|(written, _)| written).sum();
        assert!(written > 300, "{written}");
    });
}
