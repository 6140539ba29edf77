//! A correct driver except for one configured fault.

mod connection;
mod extract;
mod take;
mod tell;

use std::time::Duration;

use osiris_sdk::{
    Context, Dataset, Driver, Error, Health, Input, Mode, Output, Result, Step, Summary,
};
use serde::Deserialize;
use serde_json::Value;

use crate::connection::Connection;

struct Faulty;

#[derive(Deserialize)]
struct Config {
    fault: String,
    source: Option<String>,
    path: Option<String>,
    incremental: bool,
    resolved_connection: Option<Connection>,
}

impl Config {
    fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }
}

impl Driver for Faulty {
    type Config = Config;

    fn run(
        ctx: &Context,
        step: Step<Config>,
        inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let config = &step.config;
        tell::words(ctx, config);
        if let Some(connection) = &config.resolved_connection {
            tell::secret(ctx, config, &connection.password)?;
            connection::reach(config, connection)?;
        }
        let no_output = || Error::internal("there is no output");
        match step.mode {
            Mode::Extract => {
                let output = output.ok_or_else(no_output)?;
                extract::run(ctx, config, step.partition, output)
            }
            Mode::Transform => take::transform(config, inputs, output.ok_or_else(no_output)?),
            Mode::Write => take::write(config, inputs),
        }
    }

    fn discover(_: &Context, config: Config) -> Result<Vec<Dataset>> {
        connection::discover(&config)
    }

    fn doctor(_: &Context, connection: Value, timeout: Duration) -> Health {
        connection::doctor(connection, timeout)
    }
}

osiris_sdk::export!(Faulty);
