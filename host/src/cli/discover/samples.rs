//! A few rows of what was found.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value, json};

use super::super::pipeline::Workplace;
use super::super::probe::Probe;
use crate::below::Below;
use crate::connection::{self, RESOLVED};
use crate::driver::spec::Mode;
use crate::driver::{Dataset, Driver, DriverFile, Failure, StepCall};
use crate::problem::Error;
use crate::session::Redactor;
use crate::table::channel;

/// Bytes of batches that may wait; a sample is small.
const BUDGET: usize = 1 << 20;
/// Bytes of batches in one sample; a driver that sends more rows than it was asked
/// for must not fill the host's memory.
const MOST: usize = 64 << 20;

/// Rows as objects of texts, or why there are none.
pub(super) type Sample = Result<Vec<Value>, String>;

/// The first rows of each dataset, by its name.
pub(super) fn read(
    probe: &Probe,
    driver: &Driver,
    file: &DriverFile,
    place: &Workplace,
    (config, redactor): (&Value, &Redactor),
    resources: &[Dataset],
    rows: u64,
) -> BTreeMap<String, Sample> {
    let has_schemas = file.spec.connection_fields.iter().any(|field| field.name == "schema");
    let one = |resource: &Dataset| {
        let mut config = config.clone();
        config["limit"] = rows.into();
        match resource.name.split_once('.').filter(|_| has_schemas) {
            Some((schema, table)) => {
                config[RESOLVED]["schema"] = schema.into();
                config["table"] = table.into();
            }
            None => config["table"] = resource.name.as_str().into(),
        }
        if let Ok(schema) = file.spec.schema() {
            schema.fill(&mut config);
        }
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
        let mut read =
            probe.runtime.block_on(sample(probe, driver, file, place, &config, redactor, wanted));
        read.iter_mut().flatten().for_each(|row| redactor.value(row));
        let told = |failure: Failure| redactor.text(&failure.message).into_owned();
        (resource.name.clone(), read.map_err(told))
    };
    resources.iter().map(one).collect()
}

/// Whether the driver can be asked for some rows of a dataset.
pub(super) fn can(file: &DriverFile) -> bool {
    file.spec.modes.contains(&Mode::Extract)
        && file.spec.has_key("table")
        && file.spec.has_key("limit")
}

async fn sample(
    probe: &Probe,
    driver: &Driver,
    file: &DriverFile,
    place: &Workplace,
    config: &Value,
    redactor: &Redactor,
    wanted: usize,
) -> Result<Vec<Value>, Failure> {
    let refused = |error: Error| Failure::new("permission", error.problems[0].message.clone());
    let call = probe.call(place, file, config, redactor).map_err(refused)?;
    let enough = call.cancel.clone();
    let spill = Below::new(&place.project.base, &place.project.tmp_dir());
    let (sender, mut readers) = channel(1, BUDGET, spill);
    let step = StepCall {
        id: "discover".to_owned(),
        mode: Mode::Extract,
        config: connection::for_driver(config, &file.spec).to_string(),
        inputs: Vec::new(),
        output: Some(sender),
        share: None,
    };
    let take = async {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < wanted
            && bytes < MOST
            && let Some(reader) = readers.first_mut()
            && let Ok(Some(batch)) = reader.next().await
        {
            bytes += batch.bytes();
            rows.extend(objects(batch.record(), wanted - rows.len()));
        }
        // What it still wants to send, nobody waits for.
        let is_enough = rows.len() >= wanted || bytes >= MOST;
        if is_enough {
            enough.cancel();
        }
        (rows, is_enough)
    };
    let (report, (rows, is_enough)) = tokio::join!(driver.run(&probe.engine, call, step), take);
    if is_enough { Ok(rows) } else { report.result.map(|()| rows) }
}

/// The first rows as objects; a value is a text, so that nothing of it is lost.
fn objects(batch: &RecordBatch, most: usize) -> Vec<Value> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let cell = |column: usize, row: usize| {
        let array = batch.column(column);
        if array.is_null(row) {
            return Value::Null;
        }
        ArrayFormatter::try_new(array, &options).map_or_else(
            |error| json!(error.to_string()),
            |text| json!(text.value(row).to_string()),
        )
    };
    let names = schema.fields().iter().enumerate();
    (0..batch.num_rows().min(most))
        .map(|row| {
            let cells =
                names.clone().map(|(column, field)| (field.name().clone(), cell(column, row)));
            Value::Object(cells.collect::<Map<_, _>>())
        })
        .collect()
}
