//! Measures each pass over a large file, natively: makes a file of 1 M rows and
//! 6 columns, reads it, writes it again and compares the two.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::time::Instant;

use filesystem_csv_extractor::CsvExtractor;
use filesystem_csv_writer::CsvWriter;
use osiris_sdk::{Mode, testing};
use serde_json::json;

const ROWS: u64 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join("osiris-csv-speed");
    fs::create_dir_all(&folder)?;
    let (from, to) = (folder.join("in.csv"), folder.join("out.csv"));
    fs::write(&from, table()?)?;
    println!("{} MB", fs::metadata(&from)?.len() / 1_000_000);
    for _ in 0..3 {
        let start = Instant::now();
        testing::discover::<CsvExtractor>(json!({"path": from, "infer_rows": ROWS}))?;
        println!("first 10,000 rows {:>6} ms", start.elapsed().as_millis());
        let start = Instant::now();
        let read = testing::run::<CsvExtractor>(json!({"path": from})).expect_ok();
        println!("read              {:>6} ms", start.elapsed().as_millis());
        let start = Instant::now();
        let _ = testing::run::<CsvWriter>(json!({"path": to}))
            .mode(Mode::Write)
            .input("df_read", read.table())
            .expect_ok();
        println!("write             {:>6} ms", start.elapsed().as_millis());
    }
    println!("same: {}", fs::read(&from)? == fs::read(&to)?);
    Ok(())
}

fn table() -> Result<String, std::fmt::Error> {
    let mut text = String::from("id,customer,amount,city,day,active\n");
    let cities = ["Praha", "Brno", "Kutná Hora", "New York", "São Paulo", "Ulaanbaatar"];
    let mut seed = 7u64;
    for id in 0..ROWS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = seed >> 33;
        writeln!(
            text,
            "{id},{},{}.{:02},{} {},20{:02}-{:02}-{:02},{}",
            random % 9_000_000 + 1_000_000,
            random % 10_000,
            random % 100,
            cities[(random % 6) as usize],
            random % 1000,
            random % 30,
            random % 12 + 1,
            random % 28 + 1,
            random.is_multiple_of(3),
        )?;
    }
    Ok(text)
}
