//! The driver `postgres.extractor`: reads a query or a table of PostgreSQL.
//!
//! The server sends rows in the binary format of `COPY`, which go straight into
//! the columns of a batch. Memory stays the same whatever the number of rows.
//!
//! ```text
//! config -> source (what to read) -> describe (types) -> select -> COPY -> decode -> output
//! ```

mod config;
mod decode;
mod describe;
mod extract;
mod incremental;
mod origin;
mod partition;
mod rows;
mod source;

use std::time::Duration;

use osiris_sdk::{Context, Dataset, Driver, Error, Health, Input, Output, Result, Step, Summary};
use serde_json::Value;

pub use crate::config::{Config, Incremental, Special};

/// The driver.
#[derive(Debug)]
pub struct PostgresExtractor;

impl Driver for PostgresExtractor {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        _inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output =
            output.ok_or_else(|| Error::config("postgres.extractor runs in mode extract"))?;
        extract::extract(ctx, &step.config, step.partition, &mut output)?;
        Ok(Summary::default())
    }

    fn discover(ctx: &Context, config: Config) -> Result<Vec<Dataset>> {
        let connection = &config.resolved_connection;
        postgres_common::discover(ctx, connection, config.timeouts(), &config.session)
    }

    fn doctor(_ctx: &Context, connection: Value, timeout: Duration) -> Health {
        postgres_common::doctor(&connection, timeout)
    }
}

osiris_sdk::export!(PostgresExtractor);
