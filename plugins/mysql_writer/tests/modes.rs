//! The modes, and the treatment of the rows that are there.

mod support;

use osiris_sdk::testing::table;
use osiris_sdk::{DataType, Kind};
use serde_json::{Value, json};
use support::{SERVERS, database, people, sql, step};

const TABLE: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(5)); \
     INSERT INTO t VALUES (1, 'old'), (2, 'old')";

fn rows(name: &str) -> String {
    sql(name, "SELECT id, name FROM t ORDER BY id").replace('\t', " ").replace('\n', ", ")
}

fn tables(name: &str) -> String {
    sql(name, "SHOW TABLES").replace('\n', " ")
}

#[test]
fn append_adds_rows() {
    let connection = database("append", TABLE);
    let three = people(&json!([[3, "new"], [4, null]]));
    let _ = step(&connection, json!({"table": "t"})).input("df_a", &three).expect_ok();
    assert_eq!(rows("append"), "1 old, 2 old, 3 new, 4 NULL");
    let error =
        step(&connection, json!({"table": "t"})).input("df_a", &three).expect_err(Kind::Data);
    assert!(error.message.contains("one of the rows 1 to 2: Duplicate entry '3'"), "{error}");
}

#[test]
fn upsert_updates_and_adds_rows() {
    let connection = database("upsert", TABLE);
    let config = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
    let input = people(&json!([[2, "new"], [3, "new"], [3, "last"]]));
    let report = step(&connection, config.clone()).input("df_a", &input).expect_ok();
    assert_eq!(report.result.expect("a summary").rows_written, Some(3));
    assert_eq!(rows("upsert"), "1 old, 2 new, 3 last");
    let null = people(&json!([[9, "a"], [null, "b"]]));
    let error = step(&connection, config).input("df_a", &null).expect_err(Kind::Data);
    assert!(error.message.contains("row 2, column \"id\": a missing value"), "{error}");
    let fault =
        |config: Value| step(&connection, config).input("df_a", &input).expect_err(Kind::Config);
    let error = fault(json!({"table": "t", "mode": "upsert", "upsert_keys": ["name"]}));
    assert!(error.message.contains("no primary or unique key"), "{error}");
    assert!(fault(json!({"table": "t", "mode": "upsert"})).message.contains("needs `upsert_keys`"));
    assert_eq!(rows("upsert"), "1 old, 2 new, 3 last");
    // A table that is made gets the key.
    let made = json!({"table": "made", "mode": "upsert", "upsert_keys": ["name", "id"]});
    let twice = people(&json!([[1, "a"], [1, "A"], [1, "a"]]));
    let report = step(&connection, made.clone()).input("df_a", &twice).expect_ok();
    report.assert_logged("created table \"made\"");
    let _ = step(&connection, made).input("df_a", &twice).expect_ok();
    assert_eq!(sql("upsert", "SELECT COUNT(*) FROM made"), "2");
}

#[test]
fn replace_replaces_rows_and_keeps_the_definition() {
    let connection = database("replace", &format!("{TABLE}; ALTER TABLE t ADD INDEX (name)"));
    let config = json!({"table": "t", "mode": "replace"});
    let _ =
        step(&connection, config.clone()).input("df_a", &people(&json!([[7, "new"]]))).expect_ok();
    assert_eq!(rows("replace"), "7 new");
    assert!(sql("replace", "SHOW CREATE TABLE t").contains("KEY `name`"));
    let other = table(&[("other", DataType::Float64)], &json!([[1.5]]));
    let error = step(&connection, config.clone()).input("df_a", &other).expect_err(Kind::Config);
    assert!(error.message.contains("no column \"id\""), "{error}");
    assert!(error.message.contains("set `schema_changes: recreate`"), "{error}");
    assert_eq!(rows("replace"), "7 new");
    let anew = json!({"table": "t", "mode": "replace", "schema_changes": "recreate"});
    let _ = step(&connection, anew).input("df_a", &other).expect_ok();
    assert_eq!(sql("replace", "SELECT * FROM t"), "1.5");
    assert_eq!(tables("replace"), "t");
    sql("replace", "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @a = 1");
    let error = step(&connection, config).input("df_a", &other).expect_err(Kind::Config);
    assert!(error.message.contains("has a trigger"), "{error}");
}

#[test]
fn dotted_new_table_name_is_rejected() {
    SERVERS.on_each("dotted", "CREATE TABLE `a.b` (id INT)", |database| {
        let rows = people(&json!([[1, "a"]]));
        let ids = table(&[("id", DataType::Int64)], &json!([[1]]));
        let config = json!({"table": "shop.people"});
        let error = step(&database.connection, config).input("df_a", &rows);
        let error = error.expect_err(Kind::Config);
        assert!(error.message.contains("`database: shop` and `table: people`"), "{error}");
        // One that is called so is written.
        let _ = step(&database.connection, json!({"table": "a.b"})).input("df_a", &ids).expect_ok();
    });
}

#[test]
fn upsert_respects_other_unique_keys() {
    let tables = "CREATE TABLE w (id INT PRIMARY KEY, email VARCHAR(50) UNIQUE, n INT); \
         INSERT INTO w VALUES (1, 'a@x', 10), (2, 'b@x', 20)";
    SERVERS.on_each("other_key", tables, |database| {
        let columns = [("id", DataType::Int64), ("email", DataType::Utf8), ("n", DataType::Int64)];
        let upsert = |rows: Value, keys: Value| {
            let config = json!({"table": "w", "mode": "upsert", "upsert_keys": keys});
            step(&database.connection, config)
                .input("df_a", &table(&columns, &rows))
                .report()
                .result
        };
        // The row of another key has that email.
        let error = upsert(json!([[4, "d@x", 40], [3, "a@x", 99]]), json!(["id"]));
        let error = error.expect_err("another row would be overwritten");
        assert_eq!(error.kind, Kind::Data, "{error}");
        assert!(error.message.contains("one of the rows 1 to 2: another row would be"), "{error}");
        assert!(error.message.contains("the unique key email"), "{error}");
        // Both keys meet a row, and not the same one.
        upsert(json!([[2, "a@x", 99]]), json!(["id"])).expect_err("a duplicate");
        upsert(json!([[2, "a@x", 99]]), json!(["email"])).expect_err("a duplicate");
        assert_eq!(database.sql("SELECT * FROM w"), "1\ta@x\t10\n2\tb@x\t20");
        upsert(json!([[1, "c@x", 11], [2, "b@x", 21], [5, "a@x", 50]]), json!(["id"]))
            .expect("no other row is meant");
        assert_eq!(
            database.sql("SELECT * FROM w ORDER BY id"),
            "1\tc@x\t11\n2\tb@x\t21\n5\ta@x\t50"
        );
        upsert(json!([[7, "b@x", 22]]), json!(["email"])).expect("the key is the email");
        assert_eq!(database.sql("SELECT id, n FROM w WHERE email = 'b@x'"), "7\t22");
    });
    let prefix = "CREATE TABLE w (k VARCHAR(9) NOT NULL, n INT, UNIQUE (k(2)))";
    SERVERS.on_each("prefix_key", prefix, |database| {
        let input = table(&[("k", DataType::Utf8), ("n", DataType::Int64)], &json!([["abc", 1]]));
        let config = json!({"table": "w", "mode": "upsert", "upsert_keys": ["k"]});
        let error =
            step(&database.connection, config).input("df_a", &input).expect_err(Kind::Config);
        assert!(error.message.contains("no primary or unique key"), "{error}");
    });
}

#[test]
fn upsert_keys_differing_only_in_spaces_are_rejected() {
    let padded = "CREATE TABLE padded (k VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, n INT)";
    SERVERS.on_each("spaces", padded, |database| {
        let rows = json!([["a", 1], ["a ", 2], ["A", 3]]);
        let input = table(&[("k", DataType::Utf8), ("n", DataType::Int64)], &rows);
        let upsert = |table: &str| {
            let config = json!({"table": table, "mode": "upsert", "upsert_keys": ["k"]});
            step(&database.connection, config).input("df_a", &input)
        };
        for _ in 0..2 {
            let _ = upsert("made").expect_ok();
            assert_eq!(database.sql("SELECT COUNT(*), SUM(n) FROM made"), "3\t6");
        }
        let error = upsert("padded").expect_err(Kind::Data);
        assert!(error.message.contains("rows 1 to 3: another row would be overwritten"), "{error}");
        assert!(error.message.contains("spaces at the end"), "{error}");
        assert_eq!(database.sql("SELECT COUNT(*) FROM padded"), "0");
        // Without such a key there is nothing to refuse.
        let rows = json!([["b ", 1], ["b ", 2]]);
        let input = table(&[("k", DataType::Utf8), ("n", DataType::Int64)], &rows);
        let config = json!({"table": "padded", "mode": "upsert", "upsert_keys": ["k"]});
        let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
        assert_eq!(database.sql("SELECT k, n FROM padded"), "b \t2");
    });
}

#[test]
fn replace_keeps_keys_defaults_and_attributes() {
    let tables = "CREATE TABLE w (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) NOT NULL, \
         note INT DEFAULT 7, KEY kname (name)); INSERT INTO w (name) VALUES ('x')";
    SERVERS.on_each("keeps", tables, |database| {
        let columns =
            [("id", DataType::Int64), ("name", DataType::Utf8), ("extra", DataType::Int32)];
        let input = table(&columns, &json!([[1, "y", 5]]));
        for _ in 0..2 {
            let config = json!({"table": "w", "mode": "replace"});
            let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
            assert_eq!(database.sql("SELECT id, name, note, extra FROM w"), "1\ty\t7\t5");
            let made = database.sql("SHOW CREATE TABLE w").to_lowercase();
            for part in ["auto_increment", "varchar(20)", "primary key", "key `kname`"] {
                assert!(made.contains(part), "{part}: {made}");
            }
        }
        let config = json!({"table": "w", "mode": "replace", "schema_changes": "error"});
        let more =
            table(&[("name", DataType::Utf8), ("more", DataType::Utf8)], &json!([["z", "z"]]));
        let error =
            step(&database.connection, config).input("df_a", &more).expect_err(Kind::Config);
        assert!(error.message.contains("has no column \"more\""), "{error}");
        assert_eq!(database.sql("SHOW TABLES"), "w");
        if database.is_mysql() {
            database.sql(
                "SET SESSION sql_generate_invisible_primary_key = ON; \
                 CREATE TABLE hidden (name VARCHAR(20) NOT NULL, KEY kname (name))",
            );
            let input = table(&[("name", DataType::Utf8)], &json!([["y"], ["z"]]));
            let config = json!({"table": "hidden", "mode": "replace"});
            let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
            assert_eq!(database.sql("SELECT my_row_id, name FROM hidden"), "1\ty\n2\tz");
            assert!(database.sql("SHOW CREATE TABLE hidden").contains("KEY `kname`"));
        }
    });
}

#[test]
fn generated_columns_are_not_written() {
    let tables = "CREATE TABLE w (id INT PRIMARY KEY, twice INT AS (id * 2) STORED, \
         thrice INT AS (id * 3))";
    SERVERS.on_each("generated", tables, |database| {
        let columns =
            [("twice", DataType::Int32), ("id", DataType::Int32), ("thrice", DataType::Int32)];
        let input = table(&columns, &json!([[0, 5, 0]]));
        for config in [
            json!({"table": "w"}),
            json!({"table": "w", "mode": "replace"}),
            json!({"table": "w", "mode": "truncate"}),
            json!({"table": "w", "mode": "upsert", "upsert_keys": ["id"]}),
        ] {
            let report = step(&database.connection, config).input("df_a", &input).expect_ok();
            report.assert_logged("column \"twice\" of table \"w\" is left out");
            assert_eq!(database.sql("SELECT id, twice, thrice FROM w"), "5\t10\t15");
        }
        let only = table(&[("twice", DataType::Int32)], &json!([[1]]));
        let replace = json!({"table": "w", "mode": "replace"});
        step(&database.connection, replace).input("df_a", &only).expect_err(Kind::Config);
    });
}

#[test]
fn primary_key_and_column_types_are_configurable() {
    SERVERS.on_each("wanted", "", |database| {
        let columns = [
            ("id", DataType::Int64),
            ("price", DataType::Decimal128(10, 2)),
            ("code", DataType::Utf8),
        ];
        let input = table(&columns, &json!([[1, "1.50", "a"]]));
        let config = json!({
            "table": "w", "primary_key": ["code", "id"], "column_types": {"price": "DECIMAL(20,4)"}
        });
        let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
        let made = database.sql("SHOW CREATE TABLE w").to_lowercase();
        assert!(made.contains("primary key (`code`,`id`)"), "{made}");
        assert!(made.contains("`price` decimal(20,4)"), "{made}");
        let config = json!({"table": "v", "column_types": {"absent": "INT"}});
        let error =
            step(&database.connection, config).input("df_a", &input).expect_err(Kind::Config);
        assert!(error.message.contains("column_types: the input has no column"), "{error}");
        // Four keys of text fit into an index together.
        let names = ["a", "b", "c", "d"];
        let columns: Vec<_> = names.iter().map(|name| (*name, DataType::Utf8)).collect();
        let input = table(&columns, &json!([["1", "2", "3", "4"]]));
        let config = json!({"table": "four", "mode": "upsert", "upsert_keys": names});
        let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
    });
}

#[test]
fn rows_that_load_data_would_skip_are_rejected() {
    let tables = "CREATE TABLE parent (id INT PRIMARY KEY); INSERT INTO parent VALUES (1); \
         CREATE TABLE t (id INT PRIMARY KEY, p INT NOT NULL DEFAULT 1, n INT, \
         FOREIGN KEY (p) REFERENCES parent (id), CONSTRAINT small CHECK (n < 10)); \
         INSERT INTO t VALUES (5, 1, 0)";
    SERVERS.on_each("left_out", tables, |database| {
        let columns = [("id", DataType::Int64), ("p", DataType::Int64), ("n", DataType::Int64)];
        for (bad, part) in [
            (json!([5, 1, 0]), "Duplicate entry '5'"),
            (json!([1, 1, 0]), "Duplicate entry '1'"),
            (json!([2, 9, 0]), "foreign key constraint fails"),
            (json!([2, 1, 10]), "small"),
            (json!([1_i64 << 40, 1, 0]), "row 2: Out of range value for column 'id'"),
        ] {
            for load in [true, false] {
                let input = table(&columns, &json!([[1, 1, 9], bad, [3, 1, 9]]));
                let config = json!({"table": "t", "load_data": load});
                let error =
                    step(&database.connection, config).input("df_a", &input).expect_err(Kind::Data);
                assert!(error.message.contains(part), "{} {load}: {error}", database.kind);
                assert!(error.message.contains("row"), "{} {load}: {error}", database.kind);
                assert_eq!(database.sql("SELECT * FROM t"), "5\t1\t0");
            }
        }
        for mode in ["append", "truncate"] {
            let config = json!({"table": "t", "mode": mode});
            let _ = step(&database.connection, config)
                .input("df_a", &table(&columns, &json!([[6, 1, 1]])))
                .expect_ok();
        }
        assert_eq!(database.sql("SELECT * FROM t"), "6\t1\t1");
        // A line without a letter is a row too.
        database.sql("CREATE TABLE one (v VARCHAR(9))");
        let one =
            table(&[("v", DataType::Utf8)], &json!([[""], ["\\N"], [null], ["\\"], ["\t\n"]]));
        let _ = step(&database.connection, json!({"table": "one"})).input("df_a", &one).expect_ok();
        assert_eq!(database.sql("SELECT HEX(v) FROM one"), "\n5C4E\nNULL\n5C\n090A");
    });
}

#[test]
fn truncate_replaces_rows_in_place() {
    let connection = database("truncate", TABLE);
    let config = json!({"table": "t", "mode": "truncate"});
    let _ =
        step(&connection, config.clone()).input("df_a", &people(&json!([[7, "new"]]))).expect_ok();
    assert_eq!(rows("truncate"), "7 new");
    let _ = step(&connection, config).input("df_a", &people(&json!([]))).expect_ok();
    assert_eq!(rows("truncate"), "");
}

#[test]
fn failed_run_changes_nothing() {
    let connection = database("failed", TABLE);
    let input = people(&json!([[3, "new"]])).with_rows(&json!([[4, "new"], [1, "new"]]));
    for config in [
        json!({"table": "t"}),
        json!({"table": "t", "mode": "replace"}),
        json!({"table": "t", "mode": "truncate"}),
        json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]}),
        json!({"table": "absent"}),
    ] {
        step(&connection, config.clone()).failing_input("df_a", &input).expect_err(Kind::Upstream);
        step(&connection, config.clone())
            .input("df_a", &input)
            .cancelled_after(1)
            .expect_err(Kind::Cancelled);
        let bad = people(&json!([[5, "new"], [6, "too long for it"]]));
        if config["table"] == "t" {
            let error =
                step(&connection, config.clone()).input("df_a", &bad).expect_err(Kind::Data);
            assert!(error.message.contains("row 2: Data too long for column 'name'"), "{error}");
        }
        assert_eq!(rows("failed"), "1 old, 2 old", "{config}");
        assert_eq!(tables("failed"), "t", "{config}");
    }
}

#[test]
fn mismatched_columns_are_rejected() {
    let connection = database(
        "mismatch",
        "CREATE TABLE t (id INT NOT NULL, name VARCHAR(5), made INT AS (id + 1), d DATE); \
         CREATE TABLE m (id BIGINT) ENGINE=MyISAM",
    );
    let fault = |input, name: &str, kind| {
        step(&connection, json!({"table": name})).input("df_a", input).expect_err(kind).message
    };
    let extra = table(&[("id", DataType::Int64), ("more", DataType::Int64)], &json!([]));
    assert!(fault(&extra, "t", Kind::Config).contains("has no column \"more\", it has \"id\""));
    let few = table(&[("name", DataType::Utf8)], &json!([]));
    assert!(fault(&few, "t", Kind::Config).contains("the input has no column \"id\""));
    let float = table(&[("id", DataType::Float64)], &json!([]));
    assert!(fault(&float, "t", Kind::Config).contains("the server would round"));
    let id = table(&[("id", DataType::Int64)], &json!([]));
    assert!(fault(&id, "m", Kind::Unsupported).contains("engine MyISAM"));
    let error = step(&connection, json!({"table": "absent", "create_table": false}))
        .input("df_a", &id)
        .expect_err(Kind::NotFound);
    assert!(error.message.starts_with("writing table \"absent\": "), "{error}");
}

#[test]
fn unfit_values_are_rejected() {
    let connection = database(
        "no_fit",
        "CREATE TABLE t (tiny TINYINT, price DECIMAL(5,2), at DATETIME(3), f FLOAT, d DOUBLE, \
         e ENUM('a'), n INT NOT NULL DEFAULT 0, ts TIMESTAMP(6) NULL, y YEAR, da DATE)",
    );
    let micros = DataType::Timestamp(osiris_sdk::TimeUnit::Microsecond, None);
    for (column, data_type, good, bad, why) in [
        ("tiny", DataType::Int64, json!(1), json!(128), "Out of range value for column 'tiny'"),
        (
            "price",
            DataType::Decimal128(9, 3),
            json!("1.500"),
            json!("1.555"),
            "column \"price\": 1.555 would be rounded",
        ),
        ("price", DataType::Decimal128(9, 3), json!("1.500"), json!("1000.000"), "Out of range"),
        ("at", micros.clone(), json!(1000), json!(1001), "column \"at\": the time has more digits"),
        ("f", DataType::Float64, json!(0.5), json!(0.1), "column \"f\": 0.1 would be rounded"),
        (
            "d",
            DataType::Int64,
            json!(1),
            json!(i64::MAX),
            "column \"d\": 9223372036854775807 would be",
        ),
        ("d", DataType::Float64, json!(1), json!("NaN"), "column \"d\": NaN is no number"),
        ("tiny", DataType::Decimal128(3, 1), json!("1.0"), json!("1.5"), "tiny"),
        ("tiny", DataType::Utf8, json!("1"), json!("1.5"), "tiny"),
        ("da", DataType::Utf8, json!("2025-01-02"), json!("2025-01-02 03:04:05"), "da"),
        ("da", DataType::Utf8, json!("2025-01-02"), json!("0000-00-00 x"), "da"),
        ("y", DataType::Int64, json!(1970), json!(70), "column \"y\": the year 70"),
        (
            "e",
            DataType::Utf8,
            json!("a"),
            json!("b"),
            "column \"e\": \"b\" is no member of enum('a')",
        ),
        ("n", DataType::Utf8, json!("1"), json!("1x"), "column"),
        ("n", DataType::Int64, json!(1), json!(null), "column \"n\": a missing value"),
        ("ts", micros, json!(1_000_000), json!(-1), "Incorrect datetime value"),
    ] {
        let input = table(&[(column, data_type)], &json!([[good], [good], [bad]]));
        let error =
            step(&connection, json!({"table": "t"})).input("df_a", &input).expect_err(Kind::Data);
        assert!(error.message.contains("row 3"), "{column}: {error}");
        assert!(error.message.contains(why), "{column}: {error}");
        assert_eq!(sql("no_fit", "SELECT COUNT(*) FROM t"), "0");
    }
}
