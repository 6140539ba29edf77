//! Tables that are written and read back, and files that are read and written
//! again.

use std::fs;

use filesystem_csv_extractor::CsvExtractor;
use filesystem_csv_writer::CsvWriter;
use osiris_sdk::testing::{self, Table};
use osiris_sdk::{DataType, Field, Mode, Schema, TimeUnit};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Writes a table and reads the file.
fn there_and_back(table: &Table, name: &str, write: Value, read: Value) -> Table {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    let with_path = |mut options: Value| {
        options["path"] = json!(path);
        options
    };
    let step = testing::run::<CsvWriter>(with_path(write)).mode(Mode::Write);
    let _ = step.input("df_a", table).expect_ok();
    testing::run::<CsvExtractor>(with_path(read)).expect_ok().table().clone()
}

/// The same, or what the writer or the extractor says.
fn try_there_and_back(table: &Table, write: &Value, read: &Value) -> Result<Table, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.csv");
    let with_path = |options: &Value| {
        let mut options = options.clone();
        options["path"] = json!(path);
        if options["ragged_rows"] == json!("aside") {
            options["rejects"] = json!(folder.path().join("rejects.csv"));
        }
        options
    };
    let step = testing::run::<CsvWriter>(with_path(write)).mode(Mode::Write);
    step.input("df_a", table).report().result.map_err(|error| error.message)?;
    let report = testing::run::<CsvExtractor>(with_path(read)).report();
    match &report.result {
        Ok(_) => Ok(report.table().clone()),
        Err(error) => Err(error.message.clone()),
    }
}

/// Reads a text and writes it.
fn back_and_there(text: &str, read: Value) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (from, to) = (folder.path().join("from.csv"), folder.path().join("to.csv"));
    fs::write(&from, text).expect("a file");
    let mut config = read;
    config["path"] = json!(from);
    let report = testing::run::<CsvExtractor>(config).expect_ok();
    let step = testing::run::<CsvWriter>(json!({"path": to})).mode(Mode::Write);
    let _ = step.input("df_a", report.table()).expect_ok();
    fs::read_to_string(to).expect("a file")
}

#[test]
fn file_text_survives_a_round_trip() {
    let text = "id,code,n,price,rating,score,ok,big,huge,note,e\n\
        1,001,1,1.50,8.5,7,true,18446744073709551615,123456789012345678901234,\"a, \"\"b\"\"\",1e5\n\
        2,002,,-0.25,7.0,7.5,false,1,1,\"\",0x1F\n\
        3,003,3,100.00,9.25,,,,, NULL ,\n";
    assert_eq!(back_and_there(text, json!({})), text);
    let text = "d,t,z,o\n\
        2025-01-02,2025-01-02 03:04:05.678,2025-01-02 03:04:05+00:00,2025-01-02 03:04:05-05:30\n\
        0001-01-01,1969-12-31 23:59:59,,\n";
    assert_eq!(back_and_there(text, json!({"parse_dates": true})), text);
    assert_eq!(back_and_there(text, json!({})), text);
}

#[test]
fn written_sep_value_reads_back_as_data() {
    let one = Schema::new(vec![Field::new("sep=|", DataType::Utf8, true)]);
    let table = Table::from_rows(&one, &json!([["sep=;"], ["a"], [null], [""]]));
    for header in [true, false] {
        let options = json!({"header": header});
        let back = there_and_back(&table, "a.csv", options.clone(), options);
        assert_eq!(back.rows(), table.rows());
    }
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "-?[0-9]{1,25}",
        "-?[0-9]{1,20}\\.[0-9]{1,20}",
        "-?[1-9][0-9]{0,4}",
        "-?[1-9][0-9]{0,4}\\.[0-9]{1,2}",
        any::<f64>().prop_map(|float| format!("{float:?}")),
        any::<f64>().prop_map(|float| float.to_string()),
        "[0-9]{4}-[01][0-9]-[0-3][0-9]( [0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{3})?)?",
        "true|false|nan|-?inf|-?0|-0\\.0|1e5|1e-07",
    ]
}

/// A dialect that the writer and the extractor are both told.
#[derive(Debug, Clone)]
struct Dialect {
    both: Value,
    write: Value,
    na_rep: &'static str,
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let delimiters = vec![
        ",", ";", "\t", " ", "|", "-", ":", ".", "+", "0", "7", "e", "a", "t", "\u{1}", "'", "_",
    ];
    (
        prop::sample::select(delimiters),
        prop::sample::select(vec!["\"", "'", "$", "5"]),
        prop::sample::select(vec![None, Some("\\"), Some("^")]),
        prop::sample::select(vec![".", ","]),
        prop::sample::select(vec![
            "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030",
        ]),
        prop::sample::select(vec!["", "NA", "null", "-999", "true", "x"]),
        prop::sample::select(vec!["minimal", "all", "nonnumeric"]),
        prop::sample::select(vec!["lf", "crlf"]),
        any::<bool>(),
    )
        .prop_filter("the parts of a dialect differ", |d| d.0 != d.1 && d.1 != d.3)
        .prop_filter("a missing value needs no quotes", |d| !d.5.contains(d.0) && !d.5.contains(d.1))
        .prop_map(|(delimiter, quote, escape, decimal, encoding, na_rep, quoting, newline, header)| {
            let mut both = json!({
                "delimiter": delimiter, "quote": quote, "decimal": decimal, "encoding": encoding,
                "header": header
            });
            if let Some(escape) = escape {
                both["escape"] = json!(escape);
            }
            let mut write = both.clone();
            write["quoting"] = json!(quoting);
            write["newline"] = json!(newline);
            write["na_rep"] = json!(na_rep);
            Dialect { both, write, na_rep }
        })
}

/// A type, and values of it as `Table::from_rows` takes them.
fn column() -> impl Strategy<Value = (DataType, &'static str, Vec<Value>)> {
    fn values(
        data_type: DataType,
        name: &'static str,
        value: impl Strategy<Value = Value> + 'static,
    ) -> BoxedStrategy<(DataType, &'static str, Vec<Value>)> {
        let value = prop_oneof![1 => Just(Value::Null), 4 => value];
        prop::collection::vec(value, 6)
            .prop_map(move |values| (data_type.clone(), name, values))
            .boxed()
    }
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let word =
        prop::sample::select(vec!["", "NA", "null", "-999", "true", "x", "sep=;", " ", "#", "1"]);
    let float = |value: f64| match value {
        value if value.is_finite() => json!(value),
        value if value.is_nan() => json!("nan"),
        value => json!(if value > 0.0 { "inf" } else { "-inf" }),
    };
    prop_oneof![
        values(
            DataType::Utf8,
            "str",
            "[a-z0-9\",;'$^\\\\\r\n\té王 .+-]{0,8}".prop_map(Value::from)
        ),
        values(DataType::Utf8, "str", word.prop_map(Value::from)),
        values(DataType::Bool, "bool", any::<bool>().prop_map(Value::from)),
        values(DataType::Int8, "int8", any::<i8>().prop_map(Value::from)),
        values(DataType::Int64, "int64", any::<i64>().prop_map(Value::from)),
        values(DataType::UInt64, "uint64", any::<u64>().prop_map(Value::from)),
        values(DataType::Float64, "float64", any::<f64>().prop_map(float)),
        values(DataType::Float32, "float32", any::<f32>().prop_map(move |f| float(f.into()))),
        values(
            DataType::Decimal128(38, 5),
            "decimal(38,5)",
            "-?[1-9][0-9]{0,30}\\.[0-9]{5}".prop_map(Value::from)
        ),
        values(DataType::Date32, "date", (-719_528i32..2_932_897).prop_map(Value::from)),
        values(
            DataType::Time64(TimeUnit::Microsecond),
            "time",
            (0i64..86_400_000_000).prop_map(Value::from)
        ),
        values(
            micros(None),
            "timestamp",
            (-62_167_219_200_000_000i64..253_402_300_800_000_000).prop_map(Value::from)
        ),
        values(
            micros(Some("UTC")),
            "timestamptz",
            (-62_167_219_200_000_000i64..253_402_300_800_000_000).prop_map(Value::from)
        ),
    ]
}

fn table() -> impl Strategy<Value = (Schema, Value)> {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    let schema = Schema::new(vec![
        field("text", DataType::Utf8),
        field("int", DataType::Int64),
        field("uint", DataType::UInt64),
        field("float", DataType::Float64),
        field("single", DataType::Float32),
        field("bool", DataType::Bool),
        field("decimal", DataType::Decimal128(38, 5)),
        field("date", DataType::Date32),
        field("time", DataType::Time64(TimeUnit::Microsecond)),
        field("stamp", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".to_owned()))),
    ]);
    let row = (
        prop::option::of("[a-z\",;\r\n\té王 ]{0,10}"),
        prop::option::of(any::<i64>()),
        any::<u64>(),
        prop::option::of(any::<f64>().prop_filter("JSON has no others", |f| f.is_finite())),
        any::<f32>().prop_filter("JSON has no others", |f| f.is_finite()),
        prop::option::of(any::<bool>()),
        "-?[1-9][0-9]{0,30}\\.[0-9]{5}",
        -719_528i32..2_932_897,
        0i64..86_400_000_000,
        prop::option::of(-62_167_219_200_000_000i64..253_402_300_800_000_000),
    );
    let row = row.prop_map(|(a, b, c, d, e, f, g, h, i, j)| json!([a, b, c, d, e, f, g, h, i, j]));
    prop::collection::vec(row, 0..30).prop_map(move |rows| (schema.clone(), Value::Array(rows)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn tables_survive_in_any_dialect(
        columns in prop::collection::vec(column(), 1..5), dialect in dialect(),
        ragged_rows in prop::sample::select(vec!["error", "pad", "cut", "skip", "aside"]),
        by_column: bool,
    ) {
        let name = |index: usize| match dialect.both["header"] {
            Value::Bool(true) => format!("c,{index}\""),
            _ => index.to_string(),
        };
        let schema = Schema::new(columns.iter().enumerate()
            .map(|(index, (data_type, ..))| Field::new(name(index), data_type.clone(), true))
            .collect());
        let rows = (0..6).map(|row| columns.iter().map(|(.., values)| values[row].clone()).collect());
        let table = Table::from_rows(&schema, &Value::Array(rows.collect()));
        let mut read = dialect.both.clone();
        read["dtype"] = columns.iter().enumerate()
            .map(|(index, (_, dtype, _))| (name(index), json!(dtype))).collect::<serde_json::Map<_, _>>().into();
        let missing = if dialect.na_rep.is_empty() { json!([]) } else { json!([dialect.na_rep]) };
        read["na_values"] = if by_column {
            (0..columns.len()).map(|index| (name(index), missing.clone())).collect::<serde_json::Map<_, _>>().into()
        } else {
            missing
        };
        // What is meant for others must not change what it does not meet.
        read["ragged_rows"] = json!(ragged_rows);
        match try_there_and_back(&table, &dialect.write, &read) {
            Ok(back) => {
                prop_assert_eq!(back.schema(), &schema);
                prop_assert_eq!(back.rows(), table.rows());
            }
            // Refusing is right for a number that would be read as missing, and for nothing else.
            Err(error) => prop_assert!(error.contains("`na_rep` says for a missing value"), "{}", error),
        }
    }

    #[test]
    fn na_values_of_a_column_do_not_affect_others(
        rows in prop::collection::vec(prop::collection::vec(
            prop::option::of(prop::sample::select(vec!["NA", "-", "", "x", "0", "NA,"])), 3), 1..8),
        places in prop::sample::subsequence(vec![0, 1, 2], 0..=3),
        quoting in prop::sample::select(vec!["minimal", "all"]),
    ) {
        let columns = ["a", "b", "c"];
        let schema = Schema::new(columns.map(|name| Field::new(name, DataType::Utf8, true)).to_vec());
        let table = Table::from_rows(&schema, &json!(rows));
        // The writer quotes no text for what another program takes for missing.
        let na_values: serde_json::Map<_, _> =
            places.iter().map(|place| (columns[*place].to_owned(), json!(["NA", "-"]))).collect();
        let write = json!({"quoting": quoting});
        let read = json!({"na_values": na_values, "quoted_na": true, "dtype": "str"});
        let back = there_and_back(&table, "a.csv", write, read);
        let expected: Vec<Vec<_>> = rows.iter().map(|row| {
            row.iter().enumerate().map(|(place, cell)| {
                cell.filter(|cell| !(places.contains(&place) && ["NA", "-"].contains(cell)))
            }).collect()
        }).collect();
        prop_assert_eq!(back.rows(), json!(expected));
    }

    #[test]
    fn every_row_is_in_the_table_or_the_rejects_file(
        rows in prop::collection::vec(prop::collection::vec("[a-z\",\n ]{0,6}", 1..5), 1..12),
        newline in prop::sample::select(vec!["\n", "\r\n", "\r"]),
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let lines: String = rows.iter().map(|row| line(row) + newline).collect();
        fs::write(path("a.csv"), format!("a,b{newline}{lines}")).expect("a file");
        let config = json!({
            "path": path("a.csv"), "dtype": "str", "ragged_rows": "aside", "rejects": path("r.csv")
        });
        let good = testing::run::<CsvExtractor>(config).expect_ok();
        let config = json!({"path": path("r.csv"), "dtype": {"line": "int64", "row": "str"}});
        let bad = testing::run::<CsvExtractor>(config).expect_ok();
        let (wide, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.len() == 2);
        prop_assert_eq!(good.table().rows(), json!(wide));
        let found = bad.table().rows();
        let found = found.as_array().expect("rows").iter();
        let texts: Vec<_> = found.clone().map(|row| row[3].clone()).collect();
        prop_assert_eq!(texts, others.into_iter().map(|row| json!(line(row))).collect::<Vec<_>>());
        // The number of each line leads to the text of the row.
        let text = fs::read_to_string(path("a.csv")).expect("the file").replace("\r\n", "\n").replace('\r', "\n");
        for row in found {
            let number = row[1].as_u64().expect("a line") as usize;
            let from: Vec<_> = text.split('\n').skip(number - 1).collect();
            prop_assert!(from.join("\n").starts_with(row[3].as_str().expect("a text")), "{}", row);
        }
    }

    #[test]
    fn any_table_survives_a_round_trip(
        (schema, rows) in table(),
        quoting in prop::sample::select(vec!["minimal", "all", "nonnumeric"]),
        newline in prop::sample::select(vec!["lf", "crlf"]),
        delimiter in prop::sample::select(vec![",", ";", "\t"]),
        encoding in prop::sample::select(vec!["utf-8", "utf-16"]),
        extension in prop::sample::select(vec!["csv", "gz", "bz2", "xz", "zip", "zst"]),
    ) {
        let table = Table::from_rows(&schema, &rows);
        let write = json!({
            "quoting": quoting, "newline": newline, "delimiter": delimiter, "encoding": encoding
        });
        let dtype = json!({
            "text": "str", "int": "int64", "uint": "uint64", "float": "float64",
            "single": "float32", "bool": "bool", "decimal": "decimal(38,5)", "date": "date",
            "time": "time", "stamp": "timestamptz"
        });
        let read = json!({"delimiter": delimiter, "encoding": encoding, "dtype": dtype});
        let back = there_and_back(&table, &format!("a.{extension}"), write, read);
        prop_assert_eq!(back.schema(), &schema);
        prop_assert_eq!(back.rows(), table.rows());
    }

    #[test]
    fn any_number_text_survives_a_round_trip(
        rows in prop::collection::vec((numbers(), numbers()), 1..8), dates: bool,
    ) {
        let lines: String = rows.iter().map(|(a, b)| format!("{a},{b}\n")).collect();
        let text = format!("a,b\n{lines}");
        prop_assert_eq!(back_and_there(&text, json!({"parse_dates": dates})), text);
    }

    #[test]
    fn any_column_text_survives_a_round_trip(values in prop::collection::vec(numbers(), 1..4)) {
        // One kind of value, several times: the case that finds a type.
        for value in values {
            let text = format!("a,b\n{value},x\n{value},x\n,x\n");
            prop_assert_eq!(back_and_there(&text, json!({"parse_dates": true})), text);
        }
    }
}
