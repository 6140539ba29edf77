//! Values that come back as they were written.

mod support;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Table, table};
use osiris_sdk::{DataType, Field, Kind, Schema, TimeUnit};
use serde_json::{Value, json};
use support::{SERVERS, database, people, step};

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
        (
            micros(Some("UTC")),
            json!(-62_135_596_800_000_000_i64),
            json!(253_402_300_799_999_999_i64),
        ),
        (
            DataType::Decimal128(38, 10),
            json!("-9999999999999999999999999999.9999999999"),
            json!("0.0000000001"),
        ),
        (DataType::Decimal128(5, 0), json!("99999"), json!("-1")),
    ]
}

#[test]
fn every_type_and_null_survives_a_round_trip() {
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
    SERVERS.on_each("round_trip", "", |database| {
        for mode in ["append", "replace", "truncate"] {
            let config = json!({"table": "t", "mode": mode});
            let report = step(&database.connection, config).input("df_a", &table).expect_ok();
            assert_eq!(report.result.expect("a summary").rows_written, Some(3));
            let back = read(&database.connection, "t");
            assert_eq!(back.schema(), &schema);
            assert_eq!(back.rows(), rows, "{} {mode}", database.kind);
        }
    });
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A value of a type, small or large.
    fn value(&mut self, data_type: &DataType) -> Value {
        let bits = self.next() >> self.below(64);
        let signed = (bits as i64).wrapping_mul(if self.below(2) == 0 { 1 } else { -1 });
        match data_type {
            DataType::Bool => json!(bits % 2 == 1),
            DataType::Int8 => json!(signed as i8),
            DataType::Int16 => json!(signed as i16),
            DataType::Int32 => json!(signed as i32),
            DataType::Int64 => json!(signed),
            DataType::UInt8 => json!(bits as u8),
            DataType::UInt16 => json!(bits as u16),
            DataType::UInt32 => json!(bits as u32),
            DataType::UInt64 => json!(bits),
            DataType::Float32 => {
                let value = f32::from_bits(self.next() as u32);
                json!(if value.is_finite() { f64::from(value) } else { 0.5 })
            }
            DataType::Float64 => {
                let value = f64::from_bits(self.next());
                json!(if value.is_finite() { value } else { -0.5 })
            }
            DataType::Utf8 => {
                let letters =
                    ['a', ' ', '\'', '\\', '\0', '\n', '\u{1a}', 'č', '王', '😀', '%', '"'];
                let length = self.below(12);
                let text: String = (0..length)
                    .map(|_| letters[self.below(letters.len() as u64) as usize])
                    .collect();
                json!(text)
            }
            DataType::Binary => {
                let length = self.below(9);
                json!((0..length).map(|_| format!("{:02x}", self.below(256))).collect::<String>())
            }
            DataType::Date32 => json!(self.below(3_652_059) as i64 - 719_528 + 366),
            DataType::Timestamp(..) => {
                json!(self.below(315_569_433_600_000_000) as i64 - 62_135_596_800_000_000)
            }
            DataType::Decimal128(precision, scale) => {
                let most = 10_i128.pow(u32::from(*precision));
                let wide = i128::from(self.next()) << 63 | i128::from(self.next());
                let value = (wide % most) >> self.below(120);
                let unit = 10_i128.pow(u32::from(scale.unsigned_abs()));
                let sign = if value > 0 && self.below(2) == 0 { "-" } else { "" };
                let width = usize::from(scale.unsigned_abs());
                let (whole, fraction) = (value / unit, value % unit);
                json!(if width == 0 {
                    format!("{sign}{whole}")
                } else {
                    format!("{sign}{whole}.{fraction:0width$}")
                })
            }
            other => panic!("no values of {other}"),
        }
    }
}

/// Values come back as they were, from a new table and as keys.
#[test]
fn random_values_survive_a_round_trip() {
    let types: Vec<_> = cases().into_iter().map(|(data_type, ..)| data_type).collect();
    let mut columns = vec![("id".to_owned(), DataType::Int32)];
    columns.extend(types.iter().enumerate().map(|(at, of)| (format!("c{at}"), of.clone())));
    let fields = columns.iter().map(|(name, of)| Field::new(name.clone(), of.clone(), true));
    let schema = Schema::new(fields.collect());
    let mut random = Random(20_260_101);
    let rows: Vec<Value> = (0..500)
        .map(|id| {
            let values = types.iter().map(|of| match random.below(20) {
                0 => Value::Null,
                _ => random.value(of),
            });
            Value::Array([json!(id)].into_iter().chain(values).collect())
        })
        .collect();
    let rows = Value::Array(rows);
    let input = Table::from_rows(&schema, &rows);
    SERVERS.on_each("random", "", |database| {
        for config in [
            json!({"table": "t"}),
            json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]}),
            json!({"table": "t", "mode": "replace"}),
            json!({"table": "t", "mode": "replace", "load_data": false}),
        ] {
            if config["mode"] == "upsert" {
                database.sql("ALTER TABLE t ADD PRIMARY KEY (id)");
            }
            let _ = step(&database.connection, config.clone()).input("df_a", &input).expect_ok();
            let config = json!({
                "resolved_connection": database.connection, "query": "SELECT * FROM t ORDER BY id"
            });
            let back = testing::run::<MysqlExtractor>(config).expect_ok().table().rows();
            assert_eq!(back, rows, "{}", database.kind);
        }
        // Texts and bytes that differ are different keys.
        for of in [DataType::Utf8, DataType::Binary, DataType::Decimal128(38, 10)] {
            let mut random = Random(7);
            let keys: std::collections::BTreeSet<String> =
                (0..300).map(|_| random.value(&of).as_str().expect("a text").to_owned()).collect();
            let rows: Vec<_> = keys.iter().enumerate().map(|(n, key)| json!([key, n])).collect();
            let columns = [("k", of.clone()), ("n", DataType::Int64)];
            let input = table(&columns, &Value::Array(rows));
            let config = json!({"table": "keys", "mode": "upsert", "upsert_keys": ["k"]});
            let _ = step(&database.connection, config).input("df_a", &input).expect_ok();
            let count = keys.len().to_string();
            assert_eq!(database.sql("SELECT COUNT(*) FROM `keys`; DROP TABLE `keys`"), count);
        }
    });
}

#[test]
fn lossless_type_changes_are_accepted() {
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
fn unsupported_types_are_rejected() {
    let connection = database("no_such_type", "");
    let table = table(&[("l", DataType::list_of(DataType::Utf8))], &json!([[["a"]]]));
    let error = step(&connection, json!({"table": "t"}))
        .input("df_a", &table)
        .expect_err(Kind::Unsupported);
    assert!(error.message.contains("column \"l\" is of type"), "{error}");
}

#[test]
fn many_and_large_rows_are_written() {
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
        support::sql(
            "many",
            "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id), MAX(LENGTH(name)) FROM t"
        ),
        format!("50002\t50002\t1249974997\t{}", 9 << 20)
    );
}
