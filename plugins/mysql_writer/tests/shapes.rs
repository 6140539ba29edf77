//! Shapes and vectors: they come back as they were, with their SRID.

mod support;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Table, table};
use osiris_sdk::{DataType, Kind};
use serde_json::{Value, json};
use services::mariadb::{Options, Server};
use services::{Database, newest};
use support::{SERVERS, step};

fn read(database: &Database, table: &str) -> Table {
    let config = json!({"resolved_connection": database.connection, "table": table});
    testing::run::<MysqlExtractor>(config).expect_ok().table().clone()
}

/// A point of SRID 4326 and one of none, as WKB from here on.
const POINT: &str = "0101000000000000000000f03f0000000000000040";

fn of_srid(srid: &str) -> String {
    format!("0101000020{srid}{}", &POINT[10..])
}

#[test]
fn every_geometry_type_is_written() {
    let shapes = [
        "POINT(1 2)",
        "LINESTRING(0 0,1 1,2 5)",
        "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))",
        "MULTIPOINT((0 0),(1 1))",
        "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
        "MULTIPOLYGON(((0 0,4 0,4 4,0 0)))",
        "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
    ];
    SERVERS.on_each("shapes", "", |database| {
        let rows: Vec<_> = shapes
            .iter()
            .enumerate()
            .flat_map(|(at, shape)| {
                [0, 3857, 4326].map(|srid| format!("({at}, ST_GeomFromText('{shape}', {srid}))"))
            })
            .collect();
        database.sql(&format!(
            "CREATE TABLE a (id INT, g GEOMETRY); INSERT INTO a VALUES {}; \
             INSERT INTO a VALUES (7, NULL); CREATE TABLE b LIKE a",
            rows.join(", ")
        ));
        let input = read(database, "a");
        for load in [true, false] {
            let config = json!({"table": "b", "mode": "truncate", "load_data": load});
            let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
            let all = |table: &str| {
                database.sql(&format!("SELECT id, HEX(g) FROM {table} ORDER BY id, HEX(g)"))
            };
            assert_eq!(all("b"), all("a"), "load: {load}");
        }
        assert_eq!(read(database, "b").rows(), input.rows());
    });
}

#[test]
fn ewkb_geometries_are_written() {
    let tables = "CREATE TABLE t (g GEOMETRY)";
    SERVERS.on_each("other_shapes", tables, |database| {
        let write = |table_name: &str, of: DataType, value: &str| {
            let input = table(&[("g", of)], &json!([[value]]));
            step(&database.connection, json!({"table": table_name})).input("df_a", &input)
        };
        // PostGIS has hexadecimal EWKB as its text; a big one comes from other machines.
        let big = format!("0020000001000010e6{}", "3ff00000000000004000000000000000");
        for (of, value) in
            [(DataType::Utf8, of_srid("e6100000").to_uppercase()), (DataType::Binary, big)]
        {
            let _ = write("t", of, &value).expect_ok();
        }
        let stored = format!("e6100000{POINT}").to_uppercase();
        assert_eq!(database.sql("SELECT HEX(g) FROM t"), format!("{stored}\n{stored}"));
        for (of, value, part) in [
            (DataType::Utf8, "POINT(1 2)", "read it with ST_AsWKB"),
            (DataType::Binary, "0101", "cut off"),
            (DataType::Int64, "1", "the server would round or take"),
        ] {
            let input = match of {
                DataType::Int64 => table(&[("g", of)], &json!([[1]])),
                of => table(&[("g", of)], &json!([[value]])),
            };
            let step = step(&database.connection, json!({"table": "t"})).input("df_a", &input);
            let error = step.report().result.expect_err("no shape");
            assert!(error.message.contains(part), "{error}");
            assert!(error.message.contains("column \"g\""), "{error}");
        }
        if !database.is_mysql() {
            return;
        }
        database.sql("CREATE TABLE s (g POINT NOT NULL SRID 4326)");
        let _ = write("s", DataType::Binary, POINT).expect_ok();
        assert_eq!(database.sql("SELECT HEX(g) FROM s"), stored);
        let error = write("s", DataType::Binary, &of_srid("110f0000")).expect_err(Kind::Data);
        assert!(error.message.contains("SRID 3857, and those of the column have 4326"), "{error}");
    });
}

#[test]
fn mysql_vectors_are_written() {
    vectors(&SERVERS.mysql);
}

#[test]
fn mariadb_vectors_are_written() {
    vectors(&newest::start(&Options::default()).expect("a server"));
}

fn vectors(server: &Server) {
    let tables = "CREATE TABLE v (v VECTOR(3))";
    let connection = server.new_database("vectors", tables);
    let floats = DataType::list_of(DataType::Float32);
    let rows = json!([[[0.5, -1.0, 2000.0]], [null]]);
    let write = |of: DataType, rows: &Value, config: Value| {
        step(&connection, config).input("df_a", &table(&[("v", of)], rows)).report().result
    };
    let found = || {
        let read = json!({"resolved_connection": connection, "table": "v"});
        testing::run::<MysqlExtractor>(read).expect_ok().table().clone()
    };
    for load in [true, false] {
        for (of, rows) in [
            (floats.clone(), rows.clone()),
            (DataType::list_of(DataType::Float64), rows.clone()),
            (DataType::Utf8, json!([["[0.5, -1, 2e3]"], [null]])),
            (DataType::Binary, json!([["0000003f000080bf0000fa44"], [null]])),
        ] {
            let config = json!({"table": "v", "mode": "truncate", "load_data": load});
            write(of.clone(), &rows, config).unwrap_or_else(|error| panic!("{of}: {error}"));
            assert_eq!(found().rows(), json!([[[0.5, -1.0, 2000.0]], [null]]), "{of}");
            assert_eq!(found().schema().fields[0].data_type, floats);
        }
    }
    for (of, value, part) in [
        (DataType::list_of(DataType::Float64), json!([0.1]), "0.1 in a vector would be rounded"),
        (floats.clone(), json!([1.0, null]), "a missing value"),
        (floats.clone(), json!(["NaN"]), "no number that MySQL has"),
        (floats.clone(), json!([1, 2, 3, 4]), ""),
        (DataType::Utf8, json!("1,2"), "is no vector"),
        (DataType::Binary, json!("0000"), "2 bytes are no vector"),
        (DataType::list_of(DataType::Utf8), json!(["1"]), "does not hold"),
    ] {
        let error = write(of, &json!([[value]]), json!({"table": "v"})).expect_err("no vector");
        assert!(error.message.contains(part), "{error}");
        let is_named = ["\"v\"", "'v'", ".`v`"].iter().any(|name| error.message.contains(name));
        assert!(is_named, "{error}");
    }
    let made = json!({"table": "made", "column_types": {"v": "VECTOR(3)"}});
    write(floats, &rows, made).expect("a table with a vector");
    let shown = server.sql("vectors", "SELECT HEX(v) FROM made WHERE v IS NOT NULL");
    assert_eq!(shown.expect("a vector"), "0000003F000080BF0000FA44");
}
