//! The driver `mysql.extractor`: reads a table or a query of MySQL or MariaDB.
//!
//! Rows go from the wire straight to the builders of columns, as they come, so
//! memory stays the same whatever the size of the table.

mod config;
mod decode;
mod extract;
mod incremental;
mod origin;
mod source;
mod value;

use std::time::Duration;

use osiris_sdk::{Context, Dataset, Driver, Error, Health, Input, Output, Result, Step, Summary};
use serde_json::Value;

pub use crate::config::{Config, Incremental, Tinyint1};

/// The driver.
#[derive(Debug)]
pub struct MysqlExtractor;

impl Driver for MysqlExtractor {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output =
            output.ok_or_else(|| Error::config("mysql.extractor runs in mode extract"))?;
        extract::extract(ctx, &step.config, step.partition, &mut output)?;
        Ok(Summary::default())
    }

    fn discover(ctx: &Context, config: Config) -> Result<Vec<Dataset>> {
        let connection = &config.resolved_connection;
        mysql_common::discover(ctx, connection, config.timeouts(), config.zero_dates)
    }

    fn doctor(_ctx: &Context, connection: Value, timeout: Duration) -> Health {
        mysql_common::doctor(&connection, timeout)
    }
}

osiris_sdk::export!(MysqlExtractor);
