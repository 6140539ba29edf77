//! How fast a table of mixed columns is read, beside the server's own client.
//!
//! ```console
//! $ cargo run --release -p mysql-extractor --example speed -- 5000000
//! ```

use std::process::{Command, Stdio};
use std::time::Instant;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing;
use serde_json::json;
use services::mariadb::{self, Options, PASSWORD};

fn main() {
    let rows = std::env::args().nth(1).unwrap_or_else(|| "1000000".to_owned());
    let server = mariadb::start(&Options::default()).expect("a server");
    server.database("speed").expect("a database");
    let fill = format!(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(40), price DECIMAL(12,2), \
         rating DOUBLE, amount INT, made DATE, changed DATETIME(6), note VARCHAR(80)); \
         INSERT INTO t SELECT seq, CONCAT('customer number ', seq), seq / 100, seq / 7, \
         seq % 1000, '2020-01-01' + INTERVAL seq % 2000 DAY, \
         '2020-01-01' + INTERVAL seq * 1000001 MICROSECOND, \
         IF(seq % 3 = 0, NULL, 'some words that are a note') FROM seq_1_to_{rows}"
    );
    server.sql("speed", &fill).expect("rows");
    for _ in 0..3 {
        let start = Instant::now();
        let mut client = Command::new("mariadb");
        client.args(["--no-defaults", "--host=127.0.0.1", "--user=root", "--quick", "--batch"]);
        client.arg(format!("--port={}", server.port)).arg(format!("--password={PASSWORD}"));
        client.args(["speed", "--execute=SELECT * FROM t"]).stdout(Stdio::null());
        assert!(client.status().expect("a client").success());
        println!("mariadb --quick --batch: {:.2} s", start.elapsed().as_secs_f64());
        let config = json!({
            "resolved_connection": {
                "host": "127.0.0.1", "port": server.port, "database": "speed", "user": "root",
                "password": PASSWORD
            },
            "table": "t"
        });
        let start = Instant::now();
        let report = testing::run::<MysqlExtractor>(config).expect_ok();
        println!("mysql.extractor: {:.2} s", start.elapsed().as_secs_f64());
        assert_eq!(report.table().row_count().to_string(), rows);
    }
}
