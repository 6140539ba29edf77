//! Reads a few rows of each discovered dataset.

use std::collections::BTreeMap;
use std::time::Duration;

use osiris_core::contract::Mode;
use osiris_core::driver::DriverFile;
use osiris_core::driver::limits::{Limit, LimitOverrides};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::redact::Redactor;
use osiris_engine::table::channel;
use osiris_engine::{CallError, Dataset, Driver, RunRequest};
use osiris_pipeline::connection::{self, RESOLVED_KEY};
use osiris_runtime::Workspace;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::super::probe::Probe;
use super::super::rows::{Room, objects};

/// Maximum bytes of batches buffered on the edge; a sample is small.
const BUDGET: usize = 1 << 20;
/// Maximum bytes of batches in one sample; a driver that sends more rows than requested must not
/// fill the host's memory.
const MOST: usize = 64 << 20;

/// The rows, or the reason why there are none.
pub(super) type Sample = Result<Rows, String>;

/// Some rows of a dataset.
pub(super) struct Rows {
    /// The rows, as objects of texts.
    pub(super) rows: Vec<Value>,
    /// Whether rows or values were truncated.
    pub(super) cut: bool,
}

/// Reads the first rows of each dataset, by the dataset's name. All datasets together are limited
/// to the time of one step and to a size that a person can read.
pub(super) fn read(
    probe: &Probe,
    driver: &Driver,
    file: &DriverFile,
    workspace: &Workspace,
    (config, redactor): (&Value, &Redactor),
    resources: &[Dataset],
    rows: u64,
) -> BTreeMap<String, Sample> {
    let has_schemas = file.spec.connection_fields.iter().any(|field| field.name == "schema");
    let seconds =
        workspace.limits(&LimitOverrides::new()).clamped_by(&file.spec.bounds()).get(Limit::Idle);
    let mut room = Room::new(redactor);
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
    let one = |resource: &Dataset| {
        if room.is_full() {
            let why = "the size limit for all samples was reached";
            return (resource.name.clone(), Err(why.to_owned()));
        }
        let mut config = config.clone();
        let is_table = has_table(file);
        if is_table {
            config["limit"] = rows.into();
        }
        match resource.name.split_once('.').filter(|_| has_schemas) {
            Some((schema, table)) => {
                config[RESOLVED_KEY]["schema"] = schema.into();
                config["table"] = table.into();
            }
            None if is_table => config["table"] = resource.name.as_str().into(),
            // A driver without connections reads the paths in its configuration.
            None => {}
        }
        let row_count = usize::try_from(rows).unwrap_or(usize::MAX);
        let request = SampleRequest { driver, file, config: &config, redactor, row_count };
        let result = probe.runtime.block_on(async {
            timeout_at(deadline, sample(probe, workspace, &request, &mut room)).await
        });
        let to_message = |failure: CallError| redactor.redact(&failure.message).into_owned();
        let result = match result {
            Ok(result) => result.map_err(to_message),
            Err(_) => Err(format!("reading the samples exceeded the time limit of {seconds} s")),
        };
        (resource.name.clone(), result)
    };
    resources.iter().map(one).collect()
}

/// Returns whether the driver can return a few rows of a dataset.
pub(super) fn can(file: &DriverFile) -> bool {
    file.spec.modes.contains(&Mode::Extract)
        && (has_table(file) || file.spec.connection_fields.is_empty())
}

fn has_table(file: &DriverFile) -> bool {
    file.spec.has_key("table") && file.spec.has_key("limit")
}

/// A request for samples to a driver.
struct SampleRequest<'a> {
    driver: &'a Driver,
    file: &'a DriverFile,
    config: &'a Value,
    redactor: &'a Redactor,
    /// Number of rows requested.
    row_count: usize,
}

async fn sample(
    probe: &Probe,
    workspace: &Workspace,
    request: &SampleRequest<'_>,
    room: &mut Room<'_>,
) -> Result<Rows, CallError> {
    let SampleRequest { driver, file, config, redactor, row_count } = *request;
    let call = probe.call(workspace, file, config, redactor).map_err(CallError::from)?;
    let cancel = call.cancel.clone();
    let spill = ProjectDir::new(workspace.project.base(), &workspace.project.layout.tmp_dir());
    let (sender, mut readers) = channel(1, BUDGET, spill);
    let step = RunRequest {
        id: "discover".to_owned(),
        mode: Mode::Extract,
        config: connection::driver_view(config, &file.spec).to_string(),
        inputs: Vec::new(),
        output: Some(sender),
        share: None,
    };
    let take = async {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let mut cut = false;
        while rows.len() < row_count
            && bytes < MOST
            && !room.is_full()
            && let Some(reader) = readers.first_mut()
            && let Ok(Some(batch)) = reader.next().await
        {
            bytes += batch.bytes();
            cut |= objects(batch.record(), row_count - rows.len(), room, &mut rows);
        }
        // Rows beyond the sample are not read.
        let is_enough = rows.len() >= row_count || bytes >= MOST || room.is_full();
        if is_enough {
            cancel.cancel();
        }
        (Rows { rows, cut }, is_enough)
    };
    let (report, (rows, is_enough)) = tokio::join!(driver.run(&probe.engine, call, step), take);
    if is_enough { Ok(rows) } else { report.result.map(|()| rows) }
}
