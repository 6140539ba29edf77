//! What is written is read back as it was.

mod server;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Table};
use osiris_sdk::{DataType, Field, Kind, Schema, TimeUnit};
use serde_json::{Value, json};
use server::{database, people, step, table};

fn micros(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
}

fn read(connection: &Value, table: &str) -> Table {
    let config = json!({"resolved_connection": connection, "table": table});
    testing::run::<MysqlExtractor>(config).expect_ok().table().clone()
}

/// Types that come back as they are, and values at their ends.
fn cases() -> Vec<(DataType, Value, Value)> {
    vec![
        (DataType::Bool, json!(true), json!(false)),
        (DataType::Int8, json!(i8::MIN), json!(i8::MAX)),
        (DataType::Int16, json!(i16::MIN), json!(i16::MAX)),
        (DataType::Int32, json!(i32::MIN), json!(i32::MAX)),
        (DataType::Int64, json!(i64::MIN), json!(i64::MAX)),
        (DataType::UInt8, json!(0), json!(u8::MAX)),
        (DataType::UInt16, json!(0), json!(u16::MAX)),
        (DataType::UInt32, json!(0), json!(u32::MAX)),
        (DataType::UInt64, json!(0), json!(u64::MAX)),
        (DataType::Float32, json!(f64::from(0.1_f32)), json!(f64::from(f32::MAX))),
        (DataType::Float64, json!(0.1 + 0.2), json!(f64::MAX)),
        (DataType::Float64, json!(5e-324), json!(-1.797e-300)),
        (DataType::Utf8, json!("it's \\ \"č😀\0\n"), json!("")),
        (DataType::Binary, json!("00c3285c27ff22"), json!("")),
        (DataType::Date32, json!(-719_162), json!(2_932_896)),
        (micros(None), json!(-1), json!(253_402_300_799_999_999_i64)),
        (micros(Some("UTC")), json!(1_000_000), json!(2_147_483_647_999_999_i64)),
        (
            DataType::Decimal128(38, 10),
            json!("-9999999999999999999999999999.9999999999"),
            json!("0.0000000001"),
        ),
        (DataType::Decimal128(5, 0), json!("99999"), json!("-1")),
    ]
}

#[test]
fn every_type_and_null() {
    let connection = database("round_trip", "");
    let cases = cases();
    let fields = cases
        .iter()
        .enumerate()
        .map(|(index, (data_type, ..))| Field::new(format!("c {index}`"), data_type.clone(), true));
    let schema = Schema::new(fields.collect());
    let row =
        |of: &dyn Fn(&(DataType, Value, Value)) -> Value| cases.iter().map(of).collect::<Vec<_>>();
    let rows =
        json!([row(&|case| case.1.clone()), row(&|case| case.2.clone()), row(&|_| json!(null))]);
    let table = Table::from_rows(&schema, &rows);
    for mode in ["append", "replace", "truncate"] {
        let config = json!({"table": "t", "mode": mode});
        if mode == "append" {
            server::sql("round_trip", "DROP TABLE IF EXISTS t");
        }
        let report = step(&connection, config).input("df_a", &table).expect_ok();
        assert_eq!(report.result.expect("a summary").rows_written, Some(3));
        let back = read(&connection, "t");
        assert_eq!(back.schema(), &schema);
        assert_eq!(back.rows(), rows, "{mode}");
    }
}

#[test]
fn types_that_come_back_as_others() {
    let connection = database("others", "");
    let stamp = |unit, zone: Option<&str>| DataType::Timestamp(unit, zone.map(str::to_owned));
    let table = table(
        &[
            ("null", DataType::Null),
            ("second", stamp(TimeUnit::Second, None)),
            ("milli", stamp(TimeUnit::Millisecond, Some("Europe/Prague"))),
            ("nano", stamp(TimeUnit::Nanosecond, None)),
            ("time_s", DataType::Time32(TimeUnit::Second)),
            ("time_us", DataType::Time64(TimeUnit::Microsecond)),
            ("thousands", DataType::Decimal128(5, -3)),
        ],
        &json!([[null, 1, 1500, 1000, 3723, 3_723_000_004_i64, "12000"]]),
    );
    let _ = step(&connection, json!({"table": "t"})).input("df_a", &table).expect_ok();
    assert_eq!(
        read(&connection, "t").rows(),
        json!([[null, 1_000_000, 1_500_000, 1, "01:02:03", "01:02:03.000004", "12000"]])
    );
}

#[test]
fn types_that_mysql_does_not_have() {
    let connection = database("no_such_type", "");
    let table = table(&[("l", DataType::list_of(DataType::Utf8))], &json!([[["a"]]]));
    let error = step(&connection, json!({"table": "t"}))
        .input("df_a", &table)
        .expect_err(Kind::Unsupported);
    assert!(error.message.contains("column \"l\" is of type"), "{error}");
}

#[test]
fn many_and_large_rows() {
    let connection = database("many", "");
    let big = "x".repeat(9 << 20);
    let mut table = people(&json!([]));
    for batch in 0..5 {
        let rows: Vec<_> =
            (0..10_000).map(|row| json!([batch * 10_000 + row, "text ".repeat(10)])).collect();
        table = table.with_rows(&Value::Array(rows));
    }
    let table = table.with_rows(&json!([[-1, big], [-2, "small"]]));
    let report = step(&connection, json!({"table": "t"})).input("df_a", &table).expect_ok();
    assert_eq!(report.result.expect("a summary").rows_written, Some(50_002));
    assert_eq!(
        server::sql(
            "many",
            "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id), MAX(LENGTH(name)) FROM t"
        ),
        format!("50002\t50002\t1249974997\t{}", 9 << 20)
    );
}
