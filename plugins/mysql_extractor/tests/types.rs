//! Every type, exactly.

mod support;

use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use services::Database;
use support::{SERVERS, database, step};

fn micros(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
}

/// A type, a value in SQL, and what they become.
type Case = (&'static str, &'static str, DataType, Value);

fn cases() -> Vec<Case> {
    vec![
        ("TINYINT", "-128", DataType::Int8, json!(-128)),
        ("TINYINT UNSIGNED", "255", DataType::UInt8, json!(255)),
        ("BOOLEAN", "TRUE", DataType::Int8, json!(1)),
        ("SMALLINT", "-32768", DataType::Int16, json!(-32768)),
        ("SMALLINT UNSIGNED", "65535", DataType::UInt16, json!(65535)),
        ("MEDIUMINT", "-8388608", DataType::Int32, json!(-8_388_608)),
        ("MEDIUMINT UNSIGNED", "16777215", DataType::UInt32, json!(16_777_215)),
        ("INT", "-2147483648", DataType::Int32, json!(i32::MIN)),
        ("INT UNSIGNED ZEROFILL", "4294967295", DataType::UInt32, json!(u32::MAX)),
        ("BIGINT", "-9223372036854775808", DataType::Int64, json!(i64::MIN)),
        ("BIGINT UNSIGNED", "18446744073709551615", DataType::UInt64, json!(u64::MAX)),
        ("DECIMAL(5,2)", "-999.99", DataType::Decimal128(5, 2), json!("-999.99")),
        ("DECIMAL(10,0) UNSIGNED", "7", DataType::Decimal128(10, 0), json!("7")),
        (
            "DECIMAL(38,10)",
            "1234567890123456789012345678.0123456789",
            DataType::Decimal128(38, 10),
            json!("1234567890123456789012345678.0123456789"),
        ),
        (
            "DECIMAL(65,30)",
            "99999999999999999999999999999999999.123456789012345678901234567890",
            DataType::Utf8,
            json!("99999999999999999999999999999999999.123456789012345678901234567890"),
        ),
        ("FLOAT", "0.1", DataType::Float32, json!(f64::from(0.1_f32))),
        ("DOUBLE", "0.1e0 + 0.2e0", DataType::Float64, json!(0.1 + 0.2)),
        ("BIT(1)", "b'1'", DataType::Bool, json!(true)),
        ("BIT(10)", "b'1000000001'", DataType::Binary, json!("0201")),
        ("DATE", "'1000-01-01'", DataType::Date32, json!(-354_285)),
        ("DATE", "'9999-12-31'", DataType::Date32, json!(2_932_896)),
        ("DATETIME", "'1969-12-31 23:59:59'", micros(None), json!(-1_000_000)),
        (
            "DATETIME(6)",
            "'2025-01-02 03:04:05.678901'",
            micros(None),
            json!(1_735_787_045_678_901_i64),
        ),
        ("DATETIME(3)", "'2025-01-02 00:00:00'", micros(None), json!(1_735_776_000_000_000_i64)),
        (
            "TIMESTAMP(6) NULL",
            "'2025-01-02 03:04:05.5'",
            micros(Some("UTC")),
            json!(1_735_787_045_500_000_i64),
        ),
        ("TIME", "'-838:59:58'", DataType::Utf8, json!("-838:59:58")),
        ("TIME(6)", "'01:02:03.000004'", DataType::Utf8, json!("01:02:03.000004")),
        ("TIME", "'00:00:00'", DataType::Utf8, json!("00:00:00")),
        ("YEAR", "2155", DataType::Int16, json!(2155)),
        ("CHAR(3)", "'é王😀'", DataType::Utf8, json!("é王😀")),
        ("VARCHAR(20) CHARACTER SET latin1", "'Žluť'", DataType::Utf8, json!("Žlu?")),
        ("VARCHAR(20) CHARACTER SET utf16", "'😀'", DataType::Utf8, json!("😀")),
        ("TEXT", "''", DataType::Utf8, json!("")),
        ("LONGTEXT", "REPEAT('ab', 1000)", DataType::Utf8, json!("ab".repeat(1000))),
        ("ENUM('a','b')", "'b'", DataType::Utf8, json!("b")),
        ("SET('a','b')", "'a,b'", DataType::Utf8, json!("a,b")),
        ("JSON", "'{\"a\": [1]}'", DataType::Utf8, json!("{\"a\": [1]}")),
        ("BINARY(3)", "x'00ff'", DataType::Binary, json!("00ff00")),
        ("VARBINARY(3)", "x'00ff'", DataType::Binary, json!("00ff")),
        ("LONGBLOB", "x'c328'", DataType::Binary, json!("c328")),
        (
            "POINT",
            // MySQL takes the latitude first, MariaDB the longitude.
            "ST_GeomFromText('POINT(1 1)', 4326)",
            DataType::Binary,
            json!("0101000020e6100000000000000000f03f000000000000f03f"),
        ),
        (
            "GEOMETRY",
            "ST_GeomFromText('POINT(1 1)')",
            DataType::Binary,
            json!("0101000000000000000000f03f000000000000f03f"),
        ),
        (
            "VECTOR(9)",
            "STRING_TO_VECTOR('[0.5,-1,2e3]')",
            DataType::list_of(DataType::Float32),
            json!([0.5, -1.0, 2000.0]),
        ),
        (
            "UUID",
            "'123e4567-e89b-12d3-a456-426655440000'",
            DataType::Utf8,
            json!("123e4567-e89b-12d3-a456-426655440000"),
        ),
        ("INET6", "'2001:db8::1'", DataType::Utf8, json!("2001:db8::1")),
        ("INET4", "'192.0.2.1'", DataType::Utf8, json!("192.0.2.1")),
    ]
}

#[test]
fn every_type_and_null_is_read() {
    SERVERS.on_each("every_type", "", |server| {
        let mut cases = cases();
        let others: &[_] =
            if server.is_mysql() { &["UUID", "INET4", "INET6"] } else { &["VECTOR(9)"] };
        cases.retain(|(of, ..)| !others.contains(of));
        every_type_of(server, &cases);
    });
}

fn every_type_of(server: &Database, cases: &[Case]) {
    let columns: Vec<_> =
        cases.iter().enumerate().map(|(i, (of, ..))| format!("c{i} {of}")).collect();
    let values: Vec<_> = cases.iter().map(|(_, value, ..)| *value).collect();
    let nulls = vec!["NULL"; cases.len()];
    server.sql(&format!(
        "SET time_zone = '+00:00'; CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, {}); \
         INSERT INTO t VALUES (1, {}), (2, {})",
        columns.join(", "),
        values.join(", "),
        nulls.join(", "),
    ));
    let report = step(&server.connection, json!({"table": "t"})).expect_ok();
    let table = report.table();
    let rows = table.rows();
    for (index, (of, value, data_type, expected)) in cases.iter().enumerate() {
        let field = &table.schema().fields[index + 1];
        assert_eq!(&field.data_type, data_type, "{of} {value}");
        assert_eq!(&rows[0][index + 1], expected, "{of} {value}");
        assert!(field.nullable, "{of}");
        assert!(rows[1][index + 1].is_null(), "{of}");
    }
    assert!(!table.schema().fields[0].nullable);
    let query = step(&server.connection, json!({"query": "SELECT * FROM t -- all;"})).expect_ok();
    assert_eq!(query.table().rows(), rows);
}

#[test]
fn expression_columns_are_typed() {
    let connection = database("expressions", "");
    let query = "SELECT 1 AS one, COUNT(*) AS many, NULL AS none, 1.50 AS price, 'a' AS text, \
                 x'00' AS bytes, 1e0/3 AS third, SUM(0.1) AS total, NOW() > '2020-01-01' AS late";
    let report = step(&connection, json!({"query": query})).expect_ok();
    report.assert_rows(&json!([[1, 1, null, "1.50", "a", "00", 1.0 / 3.0, "0.1", 1]]));
    let none = report.table().schema().fields[2].data_type.clone();
    assert_eq!(none, DataType::Null);
}

#[test]
fn zero_dates_are_rejected_or_read_as_null_or_text() {
    let tables = "CREATE TABLE t (id INT, d DATE NOT NULL, t DATETIME(3)); \
         INSERT INTO t VALUES (1, '2025-01-02', '2025-01-02 03:04:05.6'), \
         (2, '0000-00-00', '2020-00-10 01:02:03')";
    SERVERS.on_each("zero_dates", tables, |server| {
        let error = step(&server.connection, json!({"table": "t"})).expect_err(Kind::Data);
        assert!(error.message.contains("row 2, column \"d\": 0000-00-00 is no date"), "{error}");
        let null =
            step(&server.connection, json!({"table": "t", "zero_dates": "null"})).expect_ok();
        null.assert_rows(&json!([[1, 20_090, 1_735_787_045_600_000_i64], [2, null, null]]));
        let text =
            step(&server.connection, json!({"table": "t", "zero_dates": "text"})).expect_ok();
        text.assert_rows(&json!([
            [1, "2025-01-02", "2025-01-02 03:04:05.600"],
            [2, "0000-00-00", "2020-00-10 01:02:03.000"]
        ]));
    });
}

#[test]
fn cast_to_binary_is_read_as_bytes() {
    let connection = database("no_utf8", "CREATE TABLE t (id INT, name VARCHAR(9))");
    // What the message about a text that is not UTF-8 advises.
    let query = "SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, CAST(x'c328' AS CHAR CHARACTER SET binary)";
    let report = step(&connection, json!({"query": query})).expect_ok();
    assert_eq!(report.table().schema().fields[1].data_type, DataType::Binary);
}

#[test]
fn wide_and_large_rows_are_read() {
    let columns: Vec<_> = (0..1000).map(|i| format!("c{i} TINYINT DEFAULT {}", i % 100)).collect();
    let connection = database(
        "wide_and_large",
        &format!(
            "CREATE TABLE wide ({}); INSERT INTO wide () VALUES (), (); \
             CREATE TABLE large (id INT, v LONGBLOB); \
             INSERT INTO large VALUES (1, REPEAT('x', 64 << 20)), (2, 'y'), \
             (3, REPEAT('z', (1 << 24) - 13)), (4, '')",
            columns.join(", ")
        ),
    );
    let wide = step(&connection, json!({"table": "wide"})).expect_ok();
    assert_eq!(wide.table().rows()[1][999], json!(99));
    let large = step(&connection, json!({"table": "large"})).expect_ok();
    let rows = large.table().rows();
    let lengths: Vec<_> =
        (0..4).map(|row| rows[row][1].as_str().expect("bytes").len() / 2).collect();
    assert_eq!(lengths, [64 << 20, 1, (1 << 24) - 13, 0]);
    assert_eq!(rows[1][1], json!("79"));
}
