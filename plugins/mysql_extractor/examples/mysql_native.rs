//! Runs the driver natively with a configuration in JSON and prints the seconds
//! that it took: what the same code costs without a sandbox.

use std::time::Instant;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing;

fn main() {
    let text = std::env::args().nth(1).expect("a configuration");
    let config = serde_json::from_str(&text).expect("JSON");
    let started = Instant::now();
    testing::run::<MysqlExtractor>(config).expect_ok();
    println!("{}", started.elapsed().as_secs_f64());
}
