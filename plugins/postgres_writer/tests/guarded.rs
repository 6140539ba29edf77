//! Targets that are more, or less, than a plain table: views, tables with row-level security, and
//! columns that a sequence counts.

mod support;

use osiris_sdk::testing::{Table, table};
use osiris_sdk::{DataType, Kind};
use serde_json::{Value, json};
use services::postgres::on_each_server;
use support::write;

fn people(rows: &Value) -> Table {
    table(&[("id", DataType::Int64), ("name", DataType::Utf8)], rows)
}

#[test]
fn dotted_table_name_without_schema_is_rejected() {
    on_each_server(|server| {
        let connection = server.database("dotted", "CREATE SCHEMA nope");
        let rows = people(&json!([[1, "a"]]));
        let error = write(&connection, &rows, json!({"table": "nope.t"})).expect_err(Kind::Config);
        assert!(error.message.contains("set `schema: nope` and `table: t`"), "{error}");
        let mut of_schema = connection.clone();
        of_schema["schema"] = json!("nope");
        write(&of_schema, &rows, json!({"table": "t"})).expect_ok();
        write(&of_schema, &rows, json!({"table": "a.b"})).expect_ok();
        let found = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                     WHERE relnamespace = 'nope'::regnamespace AND relkind = 'r'";
        assert_eq!(server.sql("dotted", found).expect("names"), "a.b t");
    });
}

#[test]
fn updatable_view_accepts_rows() {
    on_each_server(|server| {
        let connection = server.database(
            "views",
            "CREATE TABLE t (id bigint PRIMARY KEY, name text, kind text DEFAULT 'x', ip inet);
             CREATE VIEW v AS SELECT id, name, ip FROM t WHERE id < 10 WITH CHECK OPTION;
             CREATE VIEW counts AS SELECT count(*) AS id FROM t; CREATE SEQUENCE s;
             CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
             CREATE VIEW through AS SELECT count(*) AS id, 'a' AS name FROM t;
             CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               INSERT INTO t (id, name) VALUES (NEW.id + 1, NEW.name); RETURN NEW; END $$;
             CREATE TRIGGER take INSTEAD OF INSERT ON through FOR EACH ROW EXECUTE FUNCTION take()",
        );
        let rows = |sql: &str| server.sql("views", sql).expect("rows");
        let all = "SELECT id, name, kind FROM t ORDER BY id";
        let report =
            write(&connection, &people(&json!([[1, "a"], [2, "b"]])), json!({"table": "v"}));
        let report = report.expect_ok();
        assert_eq!(report.result.expect("a summary").rows_written, Some(2));
        let upsert = json!({"table": "v", "mode": "upsert", "upsert_keys": ["id"]});
        write(&connection, &people(&json!([[2, "B"], [3, "c"]])), upsert).expect_ok();
        assert_eq!(rows(all), "1|a|x\n2|B|x\n3|c|x");
        write(&connection, &people(&json!([[3, "d"]])), json!({"table": "through"})).expect_ok();
        assert_eq!(rows(all), "1|a|x\n2|B|x\n3|c|x\n4|d|x");
        // Its own condition holds, and texts are named as they are in tables.
        let error = write(&connection, &people(&json!([[11, "z"]])), json!({"table": "v"}));
        let error = error.expect_err(Kind::Data);
        assert!(error.message.contains("violates check option"), "{error}");
        let addresses = table(
            &[("id", DataType::Int64), ("ip", DataType::Utf8)],
            &json!([[5, "::1"], [6, "10.0.0.256"]]),
        );
        let error = write(&connection, &addresses, json!({"table": "v"})).expect_err(Kind::Data);
        assert!(error.message.contains("row 2, column \"ip\""), "{error}");

        let one = people(&json!([[9, "z"]]));
        let ids = table(&[("id", DataType::Int64)], &json!([[9]]));
        let extra = table(&[("id", DataType::Int64), ("no", DataType::Utf8)], &json!([[9, "z"]]));
        for (input, config, kind, why) in [
            (&one, json!({"table": "v", "mode": "replace"}), Kind::Unsupported, "is a view, and"),
            (
                &one,
                json!({"table": "v", "mode": "truncate"}),
                Kind::Unsupported,
                "`mode: truncate` cannot empty it; set `mode: append`",
            ),
            (&extra, json!({"table": "v"}), Kind::Config, "has no column \"no\""),
            (
                &extra,
                json!({"table": "v", "schema_changes": "add_columns"}),
                Kind::Config,
                "is a view, whose columns a step cannot change",
            ),
            (&ids, json!({"table": "counts"}), Kind::Unsupported, "INSTEAD OF INSERT trigger"),
            (&ids, json!({"table": "m"}), Kind::Unsupported, "which only REFRESH fills"),
            (&ids, json!({"table": "s"}), Kind::Unsupported, "is not a table"),
        ] {
            let error = write(&connection, input, config).expect_err(kind);
            assert!(error.message.contains(why), "{error}");
        }
        assert_eq!(rows("SELECT count(*) FROM t"), "4");
    });
}

#[test]
fn row_level_security_is_respected() {
    on_each_server(|server| {
        let mut connection = server.database(
            "guarded",
            "CREATE ROLE tenant LOGIN PASSWORD 't'; CREATE TABLE t (id bigint PRIMARY KEY, name text);
             INSERT INTO t VALUES (100, 'of others'); GRANT ALL ON t TO tenant;
             ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY small ON t USING (id < 10)",
        );
        let owner = connection.clone();
        connection["user"] = json!("tenant");
        connection["password"] = json!("t");
        let rows = || server.sql("guarded", "SELECT * FROM t ORDER BY id").expect("rows");
        write(&connection, &people(&json!([[1, "a"]])), json!({"table": "t"})).expect_ok();
        let upsert = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
        write(&connection, &people(&json!([[1, "A"], [2, "b"]])), upsert.clone()).expect_ok();
        assert_eq!(rows(), "1|A\n2|b\n100|of others");
        for (config, id) in [(json!({"table": "t"}), 11), (upsert, 100)] {
            let error = write(&connection, &people(&json!([[id, "x"]])), config);
            let error = error.expect_err(Kind::Permission);
            assert!(error.message.contains("violates row-level security policy"), "{error}");
            assert!(error.message.contains("a policy of the table does not let"), "{error}");
            assert!(!error.message.contains("GRANT"), "{error}");
        }
        // TRUNCATE would take rows that the user cannot even see, and DELETE would leave them.
        for mode in ["replace", "truncate"] {
            let config = json!({"table": "t", "mode": mode});
            let error = write(&connection, &people(&json!([[1, "x"]])), config.clone());
            let error = error.expect_err(Kind::Unsupported);
            assert!(error.message.contains("has row-level security"), "{error}");
            assert!(error.message.contains("BYPASSRLS"), "{error}");
            assert_eq!(rows(), "1|A\n2|b\n100|of others", "{mode}");
        }
        let replace = json!({"table": "t", "mode": "replace"});
        write(&owner, &people(&json!([[7, "g"]])), replace).expect_ok();
        assert_eq!(rows(), "7|g");
    });
}

#[test]
fn sequences_continue_after_replaced_ids() {
    on_each_server(|server| {
        let mut connection = server.database(
            "sequences",
            "CREATE SEQUENCE own; CREATE SEQUENCE downward INCREMENT -1;
             CREATE TABLE serial (id serial PRIMARY KEY, name text);
             CREATE TABLE always (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
             CREATE TABLE \"By s\" (id smallint GENERATED BY DEFAULT AS IDENTITY, name text);
             CREATE TABLE loose (id bigint DEFAULT nextval('own'), name text);
             CREATE TABLE down (id bigint DEFAULT nextval('downward'), name text);
             CREATE TABLE pointed (id serial PRIMARY KEY, name text);
             CREATE TABLE points (id int REFERENCES pointed)",
        );
        let sql = |sql: &str| server.sql("sequences", sql).expect("rows");
        let next = |name: &str| {
            sql(&format!("INSERT INTO \"{name}\" (name) VALUES ('next') RETURNING id"))
        };
        for name in ["serial", "always", "By s", "loose", "pointed"] {
            assert_eq!(next(name), "1");
            let config = json!({"table": name, "mode": "replace"});
            let report = write(&connection, &people(&json!([[7, "g"], [5, "e"]])), config.clone());
            assert!(report.expect_ok().logs.is_empty(), "{name}");
            assert_eq!(next(name), "8", "{name}");
            // A sequence never goes back, and stays where the input has no numbers.
            write(&connection, &people(&json!([[3, "c"]])), config).expect_ok();
            assert_eq!(next(name), "9", "{name}");
            let names = table(&[("name", DataType::Utf8)], &json!([["x"]]));
            let truncate = json!({"table": name, "mode": "truncate"});
            write(&connection, &names, truncate).expect_ok();
            assert_eq!(sql(&format!("SELECT id FROM \"{name}\"")), "10", "{name}");
        }
        assert_eq!(next("down"), "-1");
        let config = json!({"table": "down", "mode": "replace"});
        write(&connection, &people(&json!([[5, "x"]])), config).expect_ok();
        assert_eq!(next("down"), "-2");

        // Rows that come to others move nothing, but a warning says what may happen.
        let append = json!({"table": "serial"});
        let upsert = json!({"table": "serial", "mode": "upsert", "upsert_keys": ["id"]});
        for (config, id) in [(append.clone(), 20), (upsert, 30)] {
            let report = write(&connection, &people(&json!([[id, "y"]])), config).expect_ok();
            report.assert_logged(&format!("the largest number there is {id}"));
            report.assert_logged("SELECT setval('serial_id_seq', max(\"id\"))");
        }
        sql("SELECT setval('serial_id_seq', max(id)) FROM serial");
        let report = write(&connection, &people(&json!([[2, "y"]])), append).expect_ok();
        assert!(report.logs.is_empty());
        assert_eq!(next("serial"), "31");

        // Who may not move it is told how others can.
        sql("CREATE ROLE loader LOGIN PASSWORD 'l'; GRANT ALL ON serial, always TO loader;
             GRANT INSERT ON pointed TO loader");
        connection["user"] = json!("loader");
        connection["password"] = json!("l");
        let config = json!({"table": "always", "mode": "replace"});
        let report = write(&connection, &people(&json!([[90, "z"]])), config).expect_ok();
        report.assert_logged("permission denied for sequence always_id_seq");
        report.assert_logged("run SELECT setval('always_id_seq', max(\"id\"))");
        let report = write(&connection, &people(&json!([[90, "z"]])), json!({"table": "pointed"}));
        assert!(report.expect_ok().logs.is_empty());
    });
}

#[test]
fn generated_columns_are_not_written() {
    on_each_server(|server| {
        let connection = server.database("computed", "");
        let version = server.sql("computed", "SHOW server_version_num").expect("a version");
        let kinds: &[_] =
            if version.as_str() >= "180000" { &["STORED", "VIRTUAL"] } else { &["STORED"] };
        let columns = [("id", DataType::Int64), ("twice", DataType::Int64)];
        let input = table(&columns, &json!([[1, 0], [2, null]]));
        for kind in kinds {
            let create = format!(
                "CREATE TABLE {kind} (id bigint PRIMARY KEY,
                   twice bigint GENERATED ALWAYS AS (id * 2) {kind})"
            );
            server.sql("computed", &create).expect("a table");
            for mode in ["append", "replace", "truncate", "upsert"] {
                let mut config = json!({"table": kind.to_lowercase(), "mode": mode});
                if mode == "upsert" {
                    config["upsert_keys"] = json!(["id"]);
                }
                write(&connection, &input, config).expect_ok();
                let rows = server.sql("computed", &format!("SELECT * FROM {kind} ORDER BY id"));
                assert_eq!(rows.expect("rows"), "1|2\n2|4", "{kind} {mode}");
            }
        }
    });
}
