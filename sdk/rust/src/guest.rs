//! Turns a driver into a component: implements the contract's exports, and reports panics to the
//! host.

use std::marker::PhantomData;
use std::sync::Once;
use std::time::Duration;

use crate::bindings::exports::osiris::driver::driver as wire;
use crate::bindings::osiris::driver::{context, types};
use crate::host::{Host, Writer};
use crate::{
    Context, Dataset, DatasetColumn, Driver, Error, Health, Input, Mode, Output, Partition, Result,
    Step, config,
};

/// The component that [`export!`](crate::export) exports.
pub struct Component<D>(PhantomData<D>);

impl<D: Driver> wire::Guest for Component<D> {
    fn run(
        step: wire::Step,
        inputs: Vec<wire::Input>,
        output: Option<Writer>,
    ) -> Result<wire::Summary, types::Error> {
        let run = || {
            let step = Step {
                id: step.id,
                mode: mode(&step.mode)?,
                config: config::parse(&step.config)?,
                partition: step
                    .partition
                    .map(|wire::Partition { index, count }| Partition { index, count }),
            };
            let inputs =
                inputs.into_iter().map(|input| Input::new(input.name, input.table)).collect();
            D::run(&enter(), step, inputs, output.map(Output::new))
        };
        let summary = run()?;
        Ok(wire::Summary { rows_written: summary.rows_written })
    }

    fn discover(config: String) -> Result<Vec<wire::Dataset>, types::Error> {
        let datasets = config::parse(&config).and_then(|config| D::discover(&enter(), config))?;
        Ok(datasets.into_iter().map(dataset).collect())
    }

    fn doctor(connection: String, timeout_ms: u32) -> wire::Health {
        let health = match config::parse(&connection) {
            Ok(connection) => {
                D::doctor(&enter(), connection, Duration::from_millis(timeout_ms.into()))
            }
            Err(error) => Health::unknown(error.message),
        };
        wire::Health {
            category: health.category.as_str().into(),
            latency_ms: health.latency.map(|latency| latency.as_secs_f64() * 1e3),
            message: health.message,
        }
    }
}

/// Creates a context. The first call installs a panic hook that reports panics to the host.
fn enter() -> Context {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let message = panic.payload_as_str().unwrap_or("a value that is no text");
            match panic.location() {
                Some(place) => context::panicked(&format!("{message} ({place})")),
                None => context::panicked(message),
            }
        }));
    });
    Context { host: Host }
}

fn mode(name: &str) -> Result<Mode> {
    [Mode::Extract, Mode::Transform, Mode::Write]
        .into_iter()
        .find(|mode| mode.as_str() == name)
        .ok_or_else(|| {
            Error::unsupported(format!(
                "mode {name:?} is none that this driver knows: extract, transform, write"
            ))
        })
}

fn dataset(dataset: Dataset) -> wire::Dataset {
    let Dataset { name, kind, estimated_rows, columns } = dataset;
    wire::Dataset { name, kind, estimated_rows, columns: columns.into_iter().map(column).collect() }
}

fn column(column: DatasetColumn) -> wire::Column {
    let DatasetColumn { name, data_type, native_type, nullable, primary_key } = column;
    wire::Column { name, format: data_type.format(), native_type, nullable, primary_key }
}
