//! The driver `mysql.writer`: writes a table to MySQL or MariaDB.
//!
//! All rows appear at once, when the input has come to its end, or none does:
//! they go into the table in one transaction, or into a new table that takes
//! its name at the end.

mod change;
mod config;
mod create;
mod holds;
mod insert;
mod json;
mod literal;
mod load;
mod moment;
mod names;
mod number;
mod shape;
mod syntax;
mod target;
mod temporal;
mod upsert;
mod vector;
mod write;

use std::time::Duration;

use mysql_common::ZeroDates;
use osiris_sdk::{Context, Dataset, Driver, Health, Input, Output, Result, Step, Summary};
use serde_json::Value;

pub use crate::config::{Config, ZonedTimes};

/// The driver.
#[derive(Debug)]
pub struct MysqlWriter;

impl Driver for MysqlWriter {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        _output: Option<Output>,
    ) -> Result<Summary> {
        let mut input = Input::only(inputs)?;
        let rows = write::write(ctx, &step.config, &mut input)?;
        Ok(Summary { rows_written: Some(rows) })
    }

    fn discover(ctx: &Context, config: Config) -> Result<Vec<Dataset>> {
        let connection = &config.resolved_connection;
        mysql_common::discover(ctx, connection, config.timeouts(), ZeroDates::Error)
    }

    fn doctor(_ctx: &Context, connection: Value, timeout: Duration) -> Health {
        mysql_common::doctor(&connection, timeout)
    }
}

osiris_sdk::export!(MysqlWriter);
