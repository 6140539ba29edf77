//! The dataset that a file is, found without reading all of it.

use std::fs::File;
use std::io::{self, Read};
use std::time::Instant;

use osiris_sdk::{Category, Context, Dataset, DatasetColumn, Health, Result};
use serde_json::Value;

use crate::config::Config;
use crate::dtype;
use crate::options::Options;
use crate::plan::Plan;
use crate::source::Source;

/// Rows that the types are found from.
const SAMPLE: u64 = 10_000;

/// The file as a dataset. Its types come from the first rows, and so does the
/// number of rows of a file that has more.
pub(crate) fn discover(ctx: &Context, config: &Config) -> Result<Vec<Dataset>> {
    let mut options = Options::new(config)?;
    options.infer_rows = options.infer_rows.min(SAMPLE);
    let source = Source::find(config)?;
    let plan = Plan::new(ctx, &source, &options)?;
    let columns = plan.schema.fields.iter().map(|field| DatasetColumn {
        name: field.name.clone(),
        native_type: dtype::name(&field.data_type),
        data_type: field.data_type.clone(),
        nullable: field.nullable,
        primary_key: false,
    });
    Ok(vec![Dataset {
        name: source.path.clone(),
        kind: "file".to_owned(),
        estimated_rows: estimate(&source, &plan),
        columns: columns.collect(),
    }])
}

fn estimate(source: &Source, plan: &Plan) -> Option<u64> {
    let bytes = u128::from(plan.bytes);
    if plan.read_all {
        Some(plan.rows)
    } else if source.compression == csv_common::Compression::None && bytes > 0 {
        let rows = u128::from(plan.rows) * u128::from(source.size) / bytes;
        u64::try_from(rows).ok()
    } else {
        None
    }
}

/// Checks that the file that a connection names can be read.
pub(crate) fn doctor(connection: &Value) -> Health {
    let Some(path) = connection.get("path").and_then(Value::as_str) else {
        return Health::unknown("there is no `path` to look at");
    };
    let start = Instant::now();
    let read = std::fs::metadata(path).and_then(|found| {
        if found.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        File::open(path)?.read(&mut [0])
    });
    let health = match read {
        Ok(_) => Health::ok(format!("{path} can be read")),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Health::new(Category::Permission, format!("{path} cannot be read: permission denied"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Health::unknown(format!("CSV file not found: {path}"))
        }
        Err(error) => Health::unknown(format!("{path} cannot be read: {error}")),
    };
    Health { latency: Some(start.elapsed()), ..health }
}
