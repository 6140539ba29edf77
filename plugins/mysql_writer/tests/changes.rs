//! Changes of a table that the rows do not fit.

mod support;

use osiris_sdk::testing::table;
use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use support::{SERVERS, step};

#[test]
fn new_columns_are_added_on_request() {
    let tables = "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)";
    SERVERS.on_each("come_new", tables, |database| {
        let columns = [("id", DataType::Int64), ("note", DataType::Utf8)];
        let input = table(&columns, &json!([[2, "x"]]));
        let write = |config: Value| step(&database.connection, config).input("df_a", &input);
        let error = write(json!({"table": "t"})).expect_err(Kind::Config);
        assert!(error.message.contains("`schema_changes: add_columns`"), "{error}");
        let add = json!({"table": "t", "schema_changes": "add_columns"});
        write(add.clone()).expect_ok().assert_logged("ALTER TABLE `t` ADD COLUMN `note`");
        assert_eq!(database.sql("SELECT id, note FROM t ORDER BY id"), "1\tNULL\n2\tx");
        for (mode, keys, rows) in [
            ("upsert", json!(["id"]), "1\tNULL\n2\tNULL\n3\tx"),
            ("truncate", json!([]), "3\tx"),
            ("replace", json!([]), "3\tx"),
        ] {
            let more = format!("more_{mode}");
            let input = table(
                &[("id", DataType::Int64), (more.as_str(), DataType::Utf8)],
                &json!([[3, "x"]]),
            );
            let mut config = add.clone();
            config["mode"] = json!(mode);
            config["upsert_keys"] = keys;
            let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
            let found = database.sql(&format!("SELECT id, {more} FROM t ORDER BY id"));
            assert_eq!(found, rows, "{mode}");
        }
        database.sql("CREATE VIEW v AS SELECT id FROM t");
        let add = json!({"table": "v", "schema_changes": "add_columns"});
        let error = write(add).expect_err(Kind::Config);
        assert!(error.message.contains("has no column \"note\""), "{error}");
        for (config, part) in [
            (json!({"schema_changes": "recreate"}), "goes with `mode: replace`"),
            (
                json!({"schema_changes": "recreate", "mode": "replace", "create_table": false}),
                "`create_table` is false",
            ),
        ] {
            let mut config = config;
            config["table"] = json!("t");
            let error = write(config).expect_err(Kind::Config);
            assert!(error.message.contains(part), "{error}");
        }
    });
}

#[test]
fn columns_are_widened_on_request() {
    let moment =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let decimal = DataType::Decimal128;
    // A column, the input's type and a value that only the wide type holds, and what is there then.
    let cases = [
        (
            "SMALLINT NOT NULL DEFAULT 7 COMMENT 'a, b'",
            DataType::Int64,
            json!(1_i64 << 40),
            "bigint",
            "1099511627776",
        ),
        ("INT", DataType::UInt32, json!(u32::MAX), "bigint", "4294967295"),
        (
            "MEDIUMINT UNSIGNED",
            DataType::Int64,
            json!(1_i64 << 40),
            "bigint unsigned",
            "1099511627776",
        ),
        ("TINYINT", DataType::UInt8, json!(255), "smallint", "255"),
        ("INT", decimal(12, 2), json!("123.25"), "decimal(12,2)", "123.25"),
        ("DECIMAL(5,2)", decimal(12, 4), json!("1234.5678"), "decimal(12,4)", "1234.5678"),
        ("DECIMAL(5,2)", DataType::Int32, json!(i32::MIN), "decimal(12,2)", "-2147483648.00"),
        ("FLOAT", DataType::Float64, json!(0.1), "double", "0.1"),
        ("DOUBLE(8,2)", DataType::Float64, json!(1.239), "double", "1.239"),
        ("DATE", moment(None), json!(1), "datetime(6)", "1970-01-01 00:00:00.000001"),
        ("DATETIME", moment(None), json!(1), "datetime(6)", "1970-01-01 00:00:00.000001"),
        (
            "TIMESTAMP(3) NULL",
            moment(Some("UTC")),
            json!(86_400_000_001_i64),
            "timestamp(6)",
            "1970-01-02 00:00:00.000001",
        ),
        ("TIME", DataType::Time64(TimeUnit::Microsecond), json!(1), "time(6)", "00:00:00.000001"),
        // There is no need of more, or no type that has it.
        ("BIGINT", DataType::Int32, json!(5), "bigint", "5"),
        ("INT UNSIGNED", DataType::Int32, json!(5), "int unsigned", "5"),
        ("BIGINT", DataType::UInt64, json!(5), "bigint", "5"),
        ("DECIMAL(30,2)", DataType::Int64, json!(5), "decimal(30,2)", "5.00"),
        ("VARCHAR(9)", DataType::Utf8, json!("abc"), "varchar(9)", "abc"),
    ];
    let names: Vec<_> = (0..cases.len()).map(|at| format!("c{at}")).collect();
    let columns: Vec<_> =
        cases.iter().zip(&names).map(|((of, ..), name)| format!("{name} {of}")).collect();
    let tables = format!(
        "CREATE TABLE t (id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, {}, KEY (c1))",
        columns.join(", ")
    );
    let types: Vec<_> = cases
        .iter()
        .zip(&names)
        .map(|((_, data_type, ..), name)| (name.as_str(), data_type.clone()))
        .collect();
    let row = |value: &dyn Fn(usize) -> Value| (0..cases.len()).map(value).collect::<Value>();
    let values = row(&|at| cases[at].2.clone());
    SERVERS.on_each("widens", &tables, |database| {
        let input = table(&types, &json!([values]));
        let write = |config: Value| step(&database.connection, config).input("df_a", &input);
        let declared = || {
            let types = database.sql(
                "SELECT column_type FROM information_schema.columns \
                 WHERE table_schema = 'widens' AND table_name = 't' ORDER BY ordinal_position",
            );
            // MariaDB and old tables have widths on the screen.
            let types = types.replace("(20)", "").replace("(10)", "").replace("(11)", "");
            types.replace("(6) unsigned", " unsigned").replace("smallint(6)", "smallint")
        };
        let error = write(json!({"table": "t"})).report().result.expect_err("it does not fit");
        assert!(matches!(error.kind, Kind::Data | Kind::Config), "{error}");
        for mode in ["append", "replace"] {
            database.sql(&format!("DROP TABLE t; {tables}"));
            let config = json!({"table": "t", "mode": mode, "schema_changes": "widen"});
            write(config.clone()).expect_ok().assert_logged("ALTER TABLE");
            let _ = write(config).expect_ok();
            let declared = declared();
            let found: Vec<_> = declared.lines().skip(1).collect();
            let expected: Vec<_> = cases.iter().map(|case| case.3).collect();
            assert_eq!(found, expected, "{} {mode}", database.kind);
            for (name, (.., expected)) in names.iter().zip(&cases) {
                let sql =
                    format!("SET time_zone = '+00:00'; SELECT {name} FROM t ORDER BY id LIMIT 1");
                assert_eq!(database.sql(&sql), *expected, "{} {name}", database.kind);
            }
            let shown = database.sql("SHOW CREATE TABLE t");
            for part in ["NOT NULL DEFAULT 7 COMMENT 'a, b'", "AUTO_INCREMENT", "KEY `c1`"] {
                let shown = shown.replace("DEFAULT '7'", "DEFAULT 7");
                assert!(shown.contains(part), "{part}: {shown}");
            }
        }
    });
}

#[test]
fn out_of_range_number_error_has_help() {
    SERVERS.on_each("beyond", "CREATE TABLE t (id INT, PRIMARY KEY (id))", |database| {
        let input = table(&[("id", DataType::Int64)], &json!([[1], [5_000_000_000_i64]]));
        let write = |config: Value| step(&database.connection, config).input("df_a", &input);
        for mode in ["append", "replace"] {
            let error = write(json!({"table": "t", "mode": mode})).expect_err(Kind::Data);
            assert!(error.message.contains("row 2: Out of range"), "{error}");
            assert!(error.message.contains("set `schema_changes: widen`"), "{error}");
        }
        let _ = write(json!({"table": "t", "schema_changes": "widen"})).expect_ok();
        assert_eq!(database.sql("SELECT MAX(id) FROM t"), "5000000000");
    });
}

#[test]
fn table_is_recreated_only_if_needed() {
    let tables = "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(9), KEY kept (name))";
    SERVERS.on_each("recreated", tables, |database| {
        let config = json!({"table": "t", "mode": "replace", "schema_changes": "recreate"});
        let write = |columns: &[(&str, DataType)], rows: &Value| {
            let input = table(columns, rows);
            let _ = step(&database.connection, config.clone()).input("df_a", &input).expect_ok();
            database.sql("SHOW CREATE TABLE t")
        };
        let (id, name) = (("id", DataType::Int64), ("name", DataType::Utf8));
        let shown = write(&[id.clone(), name.clone()], &json!([[5_000_000_000_i64, "a"]]));
        assert!(shown.contains("KEY `kept`") && shown.contains("bigint"), "{shown}");
        let more = ("more", DataType::Bool);
        let shown = write(&[id, name, more.clone()], &json!([[1, "a", true]]));
        assert!(!shown.contains("KEY `kept`") && shown.contains("`more`"), "{shown}");
        database.sql("ALTER TABLE t MODIFY id BIGINT NOT NULL");
        let shown = write(&[more], &json!([[true]]));
        assert!(!shown.contains("`id`"), "{shown}");
        assert_eq!(database.sql("SHOW TABLES"), "t");
    });
}
