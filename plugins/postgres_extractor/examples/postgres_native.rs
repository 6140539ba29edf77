//! Runs the driver natively with a configuration in JSON and prints the seconds
//! that it took: what the same code costs without a sandbox.

use std::time::Instant;

use osiris_sdk::testing;
use postgres_extractor::PostgresExtractor;

fn main() {
    let text = std::env::args().nth(1).expect("a configuration");
    let config = serde_json::from_str(&text).expect("JSON");
    let started = Instant::now();
    testing::run::<PostgresExtractor>(config).expect_ok();
    println!("{}", started.elapsed().as_secs_f64());
}
