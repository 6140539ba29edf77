//! The driver `postgres.writer`: writes a table to PostgreSQL.
//!
//! Everything happens in one transaction, and rows go to the server in the
//! binary format of `COPY`.
//!
//! ```text
//! config -> target (what is there) -> plan (which column feeds which) -> COPY   -> commit
//!           or create, change                               or stage -> merge -> commit
//! ```

mod change;
mod claim;
mod config;
mod copy;
mod create;
mod encode;
mod exact;
mod feed;
mod locate;
mod merge;
mod plan;
mod prepare;
mod sequence;
mod target;
mod write;

use std::time::Duration;

use osiris_sdk::{Context, Dataset, Driver, Health, Input, Output, Result, Step, Summary};
use serde_json::Value;

pub use crate::config::{Config, Inexact, Nul};

/// The driver.
#[derive(Debug)]
pub struct PostgresWriter;

impl Driver for PostgresWriter {
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
        postgres_common::discover(ctx, connection, config.timeouts(), &config.session)
    }

    fn doctor(_ctx: &Context, connection: Value, timeout: Duration) -> Health {
        postgres_common::doctor(&connection, timeout)
    }
}

osiris_sdk::export!(PostgresWriter);
