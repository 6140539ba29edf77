//! Calls that run no step: `doctor` checks a connection, and `discover` lists the datasets.

use std::time::Duration;

use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::Limit;
use serde::{Deserialize, Serialize};

use super::bindings::exports::osiris::driver::driver as wit;
use super::call::{TimeLimits, into_result, new_store, with_deadline};
use super::failure::{CallError, sanitize_message};
use super::state::{CallContext, HostState};
use super::throttle::throttled;
use super::{Driver, Engine};

/// Time beyond its timeout that a driver has to answer `doctor`.
const DOCTOR_GRACE: Duration = Duration::from_millis(500);
/// Maximum datasets, and columns of all of them, that a driver can list.
const MAX_LISTED: usize = 250_000;

/// Health of a connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// ok, auth, network, permission, timeout or unknown.
    pub category: String,
    /// Latency of the check in milliseconds, if the driver measured it.
    pub latency_ms: Option<f64>,
    /// Message for the user.
    pub message: String,
}

/// A dataset that can be read or written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dataset {
    /// The service's name for the dataset.
    pub name: String,
    /// table, view, file, endpoint, collection or stream.
    #[serde(rename = "type")]
    pub kind: String,
    /// Estimated number of rows.
    pub estimated_row_count: Option<u64>,
    /// Columns, in the service's order.
    pub fields: Vec<Column>,
}

/// A column of a [`Dataset`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Column {
    /// The service's name for the column.
    pub name: String,
    /// The service's name for the type.
    #[serde(rename = "type")]
    pub native_type: String,
    /// Type of the values in the table: an Arrow C Data Interface format string.
    pub format: String,
    /// Whether a value can be missing.
    pub nullable: bool,
    /// Whether the column is part of the primary key.
    pub primary_key: bool,
}

impl Health {
    /// The health categories of the contract.
    pub const CATEGORIES: [&str; 6] = ["ok", "auth", "network", "permission", "timeout", "unknown"];
}

impl Driver {
    /// Checks a connection, which is a JSON object. Failures become a [`Health`], too.
    pub async fn doctor(
        &self,
        engine: &Engine,
        call: CallContext,
        connection: &str,
        timeout: Duration,
    ) -> Health {
        let sink = call.sink.clone();
        match self.doctor_raw(engine, call, connection, timeout).await {
            Ok(Health { category, latency_ms, message }) => {
                let category = Health::CATEGORIES.into_iter().find(|name| *name == category);
                let max_latency = (timeout + DOCTOR_GRACE).as_secs_f64() * 1000.0;
                Health {
                    category: category.unwrap_or("unknown").to_owned(),
                    // A latency below zero or above the time limit is invalid.
                    latency_ms: latency_ms.filter(|latency| (0.0..=max_latency).contains(latency)),
                    message: sanitize_message(&message, sink.redactor()),
                }
            }
            Err(failure) if failure.kind == ErrorKind::Timeout => Health {
                category: "timeout".to_owned(),
                latency_ms: None,
                message: format!("the driver did not respond within {} s", timeout.as_secs_f64()),
            },
            Err(failure) => Health {
                category: "unknown".to_owned(),
                latency_ms: None,
                message: failure.message,
            },
        }
    }

    /// Like [`Driver::doctor`], but without changes to the driver's answer.
    ///
    /// # Errors
    /// Returns an error if the driver did not answer or broke the contract.
    pub async fn doctor_raw(
        &self,
        engine: &Engine,
        call: CallContext,
        connection: &str,
        timeout: Duration,
    ) -> Result<Health, CallError> {
        let total = timeout + DOCTOR_GRACE;
        let time = TimeLimits { total, idle: total };
        let millis = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let work = async |store: &mut _| {
            let plugin = self.pre.instantiate_async(&mut *store).await?;
            let driver = plugin.osiris_driver_driver();
            Ok(Ok(driver.call_doctor(&mut *store, connection, millis).await?))
        };
        let wit::Health { category, latency_ms, message } =
            self.call_with_limits(engine, call, time, work).await?;
        Ok(Health { category, latency_ms, message })
    }

    /// Lists the available datasets, sorted by name. `config` is a JSON object.
    ///
    /// # Errors
    /// Returns an error if the driver returned one, or if the call failed.
    pub async fn discover(
        &self,
        engine: &Engine,
        call: CallContext,
        config: &str,
    ) -> Result<Vec<Dataset>, CallError> {
        let mut found = self.discover_raw(engine, call, config).await?;
        found.sort();
        Ok(found)
    }

    /// Like [`Driver::discover`], in the driver's own order.
    ///
    /// # Errors
    /// Returns an error if the driver returned one, or if the call failed.
    pub async fn discover_raw(
        &self,
        engine: &Engine,
        call: CallContext,
        config: &str,
    ) -> Result<Vec<Dataset>, CallError> {
        let time = TimeLimits::of(&call.limits);
        let work = async |store: &mut _| {
            let plugin = self.pre.instantiate_async(&mut *store).await?;
            plugin.osiris_driver_driver().call_discover(&mut *store, config).await
        };
        let found = self.call_with_limits(engine, call, time, work).await?;
        let listed = found.len() + found.iter().map(|dataset| dataset.columns.len()).sum::<usize>();
        if listed > MAX_LISTED {
            let message = format!(
                "the driver listed {listed} datasets and columns; the limit is {MAX_LISTED}"
            );
            return Err(CallError::new(ErrorKind::Limit, message));
        }
        Ok(found.into_iter().map(dataset).collect())
    }

    async fn call_with_limits<T>(
        &self,
        engine: &Engine,
        call: CallContext,
        time: TimeLimits,
        work: impl AsyncFnOnce(&mut wasmtime::Store<HostState>) -> super::call::Answer<T>,
    ) -> Result<T, CallError> {
        let (cancel, share) = (call.cancel.clone(), call.limits.get(Limit::Cpu));
        let state = HostState::new(call, None).map_err(|error| {
            let message = format!("cannot open a directory for the driver: {error:#}");
            CallError::new(ErrorKind::Permission, message)
        })?;
        let mut store = new_store(engine, state);
        let clock = store.data().clock.clone();
        let work = throttled(work(&mut store), share, || clock.take_offloaded());
        let outcome = with_deadline(work, &clock, time, &cancel).await;
        into_result(outcome, store.data())
    }
}

fn dataset(dataset: wit::Dataset) -> Dataset {
    let column = |column: wit::Column| Column {
        name: column.name,
        native_type: column.native_type,
        format: column.format,
        nullable: column.nullable,
        primary_key: column.primary_key,
    };
    Dataset {
        name: dataset.name,
        kind: dataset.kind,
        estimated_row_count: dataset.estimated_rows,
        fields: dataset.columns.into_iter().map(column).collect(),
    }
}
