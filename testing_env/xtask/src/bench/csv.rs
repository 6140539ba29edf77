//! Copying a CSV file: read, infer types, transfer, write.

use anyhow::Result;

use super::peer::{NAME, Pandas};
use super::trial::{Trial, in_turn};
use super::{Row, data};

pub(super) const PIPELINE: &str = r#"
oml_version: "0.1.0"
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
"#;

const SCRIPT: &str = "import pandas; pandas.read_csv('in.csv').to_csv('pandas.csv', index=False)";

pub(super) fn measure() -> Result<Vec<Row>> {
    let pandas = Pandas::install()?;
    let trial = Trial::new(PIPELINE)?;
    let folder = trial.path();
    data::write_csv(&folder.join("in.csv"), 1_000_000)?;
    trial.warm()?;
    let (ours, theirs) = in_turn(|| trial.run(), || pandas.run(SCRIPT, folder))?;
    let (peak, their_peak) = (trial.peak_mb()?, pandas.peak_mb(SCRIPT, folder)?);
    data::write_csv(&folder.join("in.csv"), 10_000_000)?;
    trial.run()?;
    let growth = trial.peak_mb()? / peak;
    Ok(vec![
        Row::less("CSV copy, 1 M rows x 6 columns", "s", ours, (NAME, theirs), ">= 8x"),
        Row::less("CSV copy, peak memory", "MB", peak, (NAME, their_peak), "< 100 MB"),
        Row::alone("CSV copy, peak of 10 M rows / of 1 M rows", "x", growth, "<= 1.1"),
    ])
}
