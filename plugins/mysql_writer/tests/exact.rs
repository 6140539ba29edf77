//! Values that a column cannot hold as they are: the run fails and nothing is written.

mod support;

use osiris_sdk::testing::table;
use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use services::Database;
use support::{SERVERS, step};

fn micros(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
}

/// A column, the type and a value of the input, and what is there afterwards; none for an error.
type Case = (&'static str, DataType, Value, Option<&'static str>);

/// Writes each value into a column of that type, with LOAD DATA and with INSERT.
fn check(database: &Database, cases: &[Case]) {
    let columns: Vec<_> =
        cases.iter().enumerate().map(|(at, (of, ..))| format!("v{at} {of} NULL")).collect();
    database.sql(&format!("DROP TABLE IF EXISTS t; CREATE TABLE t ({})", columns.join(", ")));
    for (at, (column_type, data_type, value, expected)) in cases.iter().enumerate() {
        for load in [true, false] {
            let name = format!("v{at}");
            let input = table(&[(name.as_str(), data_type.clone())], &json!([[null], [value]]));
            let config = json!({"table": "t", "load_data": load});
            let result = step(&database.connection, config).input("df_a", &input).report().result;
            let shown =
                format!("{} (load: {load}): {data_type} {value} into {column_type}", database.kind);
            let shape = if column_type.starts_with("BIT") { " + 0" } else { "" };
            let found = database.sql(&format!(
                "SELECT COUNT(*) FROM t; SELECT {name}{shape} FROM t WHERE {name} IS NOT NULL; \
                 DELETE FROM t"
            ));
            match (result, expected) {
                (Ok(_), Some(expected)) => {
                    assert_eq!(found, format!("2\n{expected}").trim_end_matches('\n'), "{shown}")
                }
                (Err(error), None) => {
                    assert!(matches!(error.kind, Kind::Data | Kind::Config), "{shown}: {error}");
                    let names = [
                        format!("column {name:?}"),
                        format!("column '{name}'"),
                        format!(".`{name}`"),
                    ];
                    let is_named = names.iter().any(|name| error.message.contains(name));
                    assert!(is_named, "{shown}: {error}");
                    assert_eq!(found, "0", "{shown}");
                }
                (Ok(_), None) => panic!("{shown} is written: {found}"),
                (Err(error), Some(_)) => panic!("{shown}: {error}"),
            }
        }
    }
}

const NUMBER: DataType = DataType::Int64;
const TEXT: DataType = DataType::Utf8;

#[test]
fn enum_members_are_written_by_name() {
    let numbers = "ENUM('10','20','2')";
    SERVERS.on_each("members", "", |database| {
        check(
            database,
            &[
                (numbers, NUMBER, json!(2), Some("2")),
                (numbers, NUMBER, json!(1), None),
                (numbers, DataType::UInt8, json!(10), Some("10")),
                (numbers, TEXT, json!("2"), Some("2")),
                (numbers, DataType::Decimal128(5, 0), json!("20"), Some("20")),
                (numbers, DataType::Decimal128(5, 1), json!("2.0"), None),
                ("ENUM('small','large')", TEXT, json!("1"), None),
                ("ENUM('small','large')", TEXT, json!("large"), Some("large")),
                ("ENUM('small','large')", TEXT, json!("LARGE"), None),
                ("ENUM('small','large')", TEXT, json!(""), None),
                ("ENUM('no','yes')", DataType::Bool, json!(true), None),
                ("ENUM('false','true')", DataType::Bool, json!(true), Some("true")),
                ("ENUM('no','yes')", DataType::Float64, json!(1.0), None),
                ("ENUM('no','yes')", DataType::Binary, json!("6e6f"), None),
                ("ENUM('it''s','č','')", TEXT, json!("it's"), Some("it's")),
                ("ENUM('it''s','č','')", TEXT, json!("č"), Some("č")),
                ("ENUM('it''s','č','')", TEXT, json!(""), Some("")),
                ("SET('x','y','z')", NUMBER, json!(5), None),
                ("SET('x','y','z')", TEXT, json!("5"), None),
                ("SET('x','y','z')", TEXT, json!("x,z"), Some("x,z")),
                ("SET('x','y','z')", TEXT, json!(""), Some("")),
                ("SET('1','2','4')", TEXT, json!("4,1"), Some("1,4")),
                ("SET('1','2','4')", NUMBER, json!(2), Some("2")),
                ("SET('1','2','4')", DataType::Bool, json!(true), None),
            ],
        );
    });
}

#[test]
fn numbers_are_written_exactly_or_rejected() {
    let decimal = DataType::Decimal128;
    SERVERS.on_each("numbers", "", |database| {
        check(
            database,
            &[
                ("BIT(64)", TEXT, json!("12"), Some("12")),
                ("BIT(8)", TEXT, json!("5"), Some("5")),
                ("BIT(8)", TEXT, json!("256"), None),
                ("BIT(8)", TEXT, json!("-1"), None),
                ("BIT(8)", TEXT, json!("a"), None),
                ("BIT(64)", NUMBER, json!(-1), None),
                ("BIT(64)", DataType::UInt64, json!(u64::MAX), Some("18446744073709551615")),
                ("BIT(8)", decimal(5, 1), json!("5.0"), Some("5")),
                ("BIT(8)", decimal(5, 1), json!("5.5"), None),
                ("BIT(8)", DataType::Float64, json!(5.0), None),
                ("BIT(12)", DataType::Binary, json!("0102"), Some("258")),
                ("FLOAT", decimal(12, 1), json!("16777217.5"), None),
                ("FLOAT", TEXT, json!("16777217.5"), None),
                ("FLOAT", TEXT, json!("0.5"), Some("0.5")),
                ("FLOAT", NUMBER, json!(16_777_217), None),
                ("DOUBLE", decimal(20, 2), json!("12345678901234567.89"), None),
                ("DOUBLE", decimal(20, 2), json!("1234567.89"), Some("1234567.89")),
                ("DOUBLE", TEXT, json!("9007199254740993"), None),
                ("DOUBLE", TEXT, json!("12.50"), Some("12.5")),
                ("DOUBLE", TEXT, json!("1e400"), None),
                ("DOUBLE", TEXT, json!("NaN"), None),
                ("DOUBLE", TEXT, json!("0x10"), None),
                ("DOUBLE(8,2)", DataType::Float64, json!(1.239), None),
                ("DOUBLE(8,2)", DataType::Float64, json!(1.005), None),
                ("DOUBLE(8,2)", DataType::Float64, json!(1234.56), Some("1234.56")),
                ("DOUBLE(8,2)", decimal(5, 3), json!("1.239"), None),
                ("DOUBLE(8,2)", decimal(5, 3), json!("1.230"), Some("1.23")),
                ("DOUBLE(8,2)", TEXT, json!("1.239"), None),
                ("FLOAT(7,3)", DataType::Float32, json!(1.000_490_069_389_343_3), None),
                ("FLOAT(7,3)", DataType::Float64, json!(1.5), Some("1.500")),
                ("FLOAT(7,3)", decimal(6, 5), json!("1.00049"), None),
                ("DECIMAL(5,2)", decimal(6, 3), json!("1.239"), None),
                ("DECIMAL(5,2)", TEXT, json!("1.239"), None),
                ("DECIMAL(5,2)", TEXT, json!("1.230"), Some("1.23")),
                ("DECIMAL(5,2)", TEXT, json!("1239e-3"), None),
                ("DECIMAL(5,2)", TEXT, json!("1000"), None),
                ("DECIMAL(5,2)", TEXT, json!("007"), None),
                ("DECIMAL(5,2)", DataType::Float64, json!(1.5), None),
                ("INT", TEXT, json!("007"), None),
                ("INT", TEXT, json!("7"), Some("7")),
                ("INT", TEXT, json!(" 7"), None),
                ("INT", TEXT, json!("1e3"), None),
                ("INT", DataType::Binary, json!("37"), None),
                ("INT", micros(None), json!(0), None),
                ("INT", DataType::Date32, json!(0), None),
                ("YEAR", TEXT, json!("70"), None),
                ("YEAR", TEXT, json!("0"), None),
                ("YEAR", TEXT, json!("1970"), Some("1970")),
                ("YEAR", NUMBER, json!(70), None),
                ("YEAR", decimal(5, 0), json!("70"), None),
                ("YEAR", decimal(5, -1), json!("70"), None),
                ("INT", decimal(5, -3), json!("12000"), Some("12000")),
                ("BIT(8)", decimal(5, -3), json!("12000"), None),
                ("YEAR", DataType::Bool, json!(true), None),
            ],
        );
    });
}

#[test]
fn times_are_written_exactly_or_rejected() {
    let clock = DataType::Time64(TimeUnit::Microsecond);
    let noon = 1_704_110_400_000_000_i64;
    SERVERS.on_each("times", "", |database| {
        check(
            database,
            &[
                ("DATETIME", TEXT, json!("2024-01-01 10:00:00.999"), None),
                ("DATETIME", TEXT, json!("2024-01-01 10:00:00.000"), Some("2024-01-01 10:00:00")),
                (
                    "DATETIME(3)",
                    TEXT,
                    json!("2024-01-01T10:00:00.5"),
                    Some("2024-01-01 10:00:00.500"),
                ),
                ("DATETIME", TEXT, json!("2024-01-01"), Some("2024-01-01 00:00:00")),
                ("DATETIME", TEXT, json!("2024-01-01 10:00:00+05:00"), None),
                ("DATETIME", TEXT, json!("20240101100000"), None),
                ("DATETIME", NUMBER, json!(240_102), None),
                ("DATETIME", clock.clone(), json!(1_000_000), None),
                ("DATETIME", micros(Some("UTC")), json!(noon), None),
                (
                    "DATETIME COMMENT 'UTC'",
                    micros(Some("UTC")),
                    json!(noon),
                    Some("2024-01-01 12:00:00"),
                ),
                ("DATETIME", micros(None), json!(noon), Some("2024-01-01 12:00:00")),
                ("DATETIME", DataType::Date32, json!(1), Some("1970-01-02 00:00:00")),
                ("TIMESTAMP", TEXT, json!("2024-01-01 10:00:00.6"), None),
                ("TIMESTAMP", TEXT, json!("2024-01-01 10:00:00Z"), None),
                ("TIMESTAMP", NUMBER, json!(20_240_102), None),
                ("TIME", TEXT, json!("10:11:12.7"), None),
                ("TIME(1)", TEXT, json!("10:11:12.70"), Some("10:11:12.7")),
                ("TIME", TEXT, json!("-838:59:59"), Some("-838:59:59")),
                ("TIME", TEXT, json!("2024-01-01 10:11:12"), None),
                ("TIME", TEXT, json!("101112"), None),
                ("TIME", NUMBER, json!(123), None),
                ("TIME", DataType::Decimal128(9, 1), json!("123.5"), None),
                ("TIME", micros(None), json!(noon), None),
                ("TIME", DataType::Date32, json!(1), None),
                ("TIME", clock.clone(), json!(1), None),
                ("TIME", clock.clone(), json!(1_000_000), Some("00:00:01")),
                ("DATE", TEXT, json!("01-02-03"), None),
                ("DATE", TEXT, json!("10:11:12"), None),
                ("DATE", TEXT, json!("2024/01/02"), None),
                ("DATE", TEXT, json!("2024-02-30"), None),
                ("DATE", TEXT, json!("2024-01-02"), Some("2024-01-02")),
                ("DATE", NUMBER, json!(240_102), None),
                ("DATE", micros(None), json!(noon), None),
                ("DATE", clock.clone(), json!(1), None),
            ],
        );
    });
}

#[test]
fn texts_and_bytes_are_written_exactly_or_rejected() {
    SERVERS.on_each("texts", "", |database| {
        check(
            database,
            &[
                ("BINARY(8)", DataType::Binary, json!("6162"), None),
                ("BINARY(2)", DataType::Binary, json!("6162"), Some("ab")),
                ("BINARY(8)", TEXT, json!("ab"), None),
                ("BINARY(8)", NUMBER, json!(12), None),
                ("CHAR(5)", TEXT, json!("ab "), None),
                ("CHAR(5)", TEXT, json!("ab"), Some("ab")),
                ("VARCHAR(5)", TEXT, json!("abcde "), None),
                ("VARCHAR(5)", TEXT, json!("abc "), Some("abc ")),
                ("VARCHAR(5) CHARACTER SET latin1", TEXT, json!("王"), None),
                ("JSON", TEXT, json!("{\"a\": 1}"), Some("{\"a\": 1}")),
                ("JSON", NUMBER, json!(5), Some("5")),
            ],
        );
        // MariaDB's JSON is a LONGTEXT.
        let (yes, half) = if database.is_mysql() { ("true", "0.5") } else { ("1", "0.5") };
        check(
            database,
            &[
                ("JSON", DataType::Bool, json!(true), Some(yes)),
                ("JSON", DataType::Float64, json!(0.5), Some(half)),
            ],
        );
        let big = "{\"a\": [12345678901234567890123]}";
        let kept = (!database.is_mysql()).then_some(big);
        check(database, &[("JSON", TEXT, json!(big), kept)]);
        let twice = "{\"a\": 1, \"a\": 2}";
        let kept = (!database.is_mysql()).then_some(twice);
        check(database, &[("JSON", TEXT, json!(twice), kept)]);
    });
}

#[test]
fn zoned_times_are_written_exactly_or_rejected() {
    SERVERS.on_each("zone", "CREATE TABLE t (v DATETIME(6))", |database| {
        let (early, late) = (-2_524_521_600_000_000_i64, 2_524_608_000_000_000_i64);
        let input = table(&[("v", micros(Some("UTC")))], &json!([[late], [early]]));
        let error = step(&database.connection, json!({"table": "t"})).input("df_a", &input);
        let error = error.expect_err(Kind::Config);
        assert!(error.message.contains("set `zoned_times: utc`"), "{error}");
        let utc = json!({"table": "t", "zoned_times": "utc"});
        let _ = step(&database.connection, utc).input("df_a", &input).expect_ok();
        let times = "2050-01-01 00:00:00.000000\n1890-01-01 00:00:00.000000";
        assert_eq!(database.sql("SELECT v FROM t"), times);
        // A table that is made holds them, also in the runs that follow.
        for _ in 0..2 {
            let made = json!({"table": "made"});
            let _ = step(&database.connection, made).input("df_a", &input).expect_ok();
        }
        assert_eq!(
            database.sql("SELECT COUNT(*), MAX(v) FROM made"),
            "4\t2050-01-01 00:00:00.000000"
        );
    });
}

/// The server counts 65,535 warnings of a statement and no more.
#[test]
fn losses_beyond_the_servers_warning_count_are_found() {
    let tables = "CREATE TABLE d (id INT, g VARCHAR(5)); \
         CREATE TABLE noisy (id INT, a DECIMAL(10,2)); \
         CREATE TRIGGER noise BEFORE INSERT ON noisy FOR EACH ROW \
         SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'noise'";
    SERVERS.on_each("many_warnings", tables, |database| {
        let columns = [("id", NUMBER), ("g", TEXT)];
        let rows = (0..70_000).map(|id| json!([id, if id < 1000 { "ok" } else { "cut   " }]));
        let input = table(&columns, &rows.collect());
        for load in [true, false] {
            let config = json!({"table": "d", "load_data": load});
            let error = step(&database.connection, config).input("df_a", &input);
            let error = error.expect_err(Kind::Data);
            assert!(error.message.contains("row 1001: Data truncated"), "{load}: {error}");
            assert_eq!(database.sql("SELECT COUNT(*) FROM d"), "0");
        }
        // So many warnings are 0 in 16 bits.
        database.sql("CREATE TABLE two (a VARCHAR(5), b VARCHAR(5))");
        let rows = (0..32_768).map(|_| json!(["cut   ", "cut   "]));
        let input = table(&[("a", TEXT), ("b", TEXT)], &rows.collect());
        for load in [true, false] {
            let config = json!({"table": "two", "load_data": load});
            let error = step(&database.connection, config).input("df_a", &input);
            let error = error.expect_err(Kind::Data);
            assert!(error.message.contains("row 1: Data truncated"), "{load}: {error}");
        }
        // Each row has a warning that is no loss.
        let columns = [("id", NUMBER), ("a", DataType::Decimal128(10, 2))];
        let rows = (0..70_000).map(|id| json!([id, "1.25"]));
        let input = table(&columns, &rows.collect());
        let config = json!({"table": "noisy", "load_data": false});
        let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
        assert_eq!(database.sql("SELECT COUNT(*), SUM(a) FROM noisy"), "70000\t87500.00");
    });
}

#[test]
fn losses_among_many_warnings_are_found() {
    let tables = "CREATE TABLE d (g VARCHAR(5), a DECIMAL(10,2))";
    SERVERS.on_each("warnings", tables, |database| {
        // Spaces beyond the end are only noted, for each row of the first statement.
        let rows: Vec<_> = (0..3000)
            .map(|row| json!([if row < 2999 { "abc" } else { "abcde   " }, "1.250"]))
            .collect();
        let input = table(&[("g", TEXT), ("a", DataType::Decimal128(10, 3))], &Value::Array(rows));
        for setting in ["sql_notes = 0", "max_error_count = 0"] {
            database.sql(&format!("SET GLOBAL {setting}"));
            let error = step(&database.connection, json!({"table": "d"}))
                .input("df_a", &input)
                .report()
                .result;
            database.sql("SET GLOBAL sql_notes = DEFAULT, GLOBAL max_error_count = DEFAULT");
            let error = error.expect_err("a text that is cut");
            assert!(error.message.contains("row 3000"), "{setting}: {error}");
            assert_eq!(database.sql("SELECT COUNT(*) FROM d"), "0");
        }
    });
}
