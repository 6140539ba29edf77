//! Overhead of a run without data: three steps over four rows.

use anyhow::Result;

use super::Row;
use super::peer::{NAME, Pandas};
use super::trial::{Trial, in_turn};

const PIPELINE: &str = r#"
oml_version: "0.1.0"
name: tiny
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: pass, component: test.passthrough, mode: transform, config: {}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}
"#;

const SCRIPT: &str =
    "import pandas; pandas.read_csv('in.csv').copy().to_csv('pandas.csv', index=False)";

pub(super) fn measure() -> Result<Vec<Row>> {
    let pandas = Pandas::install()?;
    let trial = Trial::new(PIPELINE)?;
    std::fs::write(trial.path().join("in.csv"), "id,name\n1,a\n2,b\n3,c\n4,d\n")?;
    trial.warm()?;
    let (ours, theirs) = in_turn(|| trial.run(), || pandas.run(SCRIPT, trial.path()))?;
    let name = "three steps on four rows, whole process";
    Ok(vec![Row::less(name, "ms", ours * 1e3, (NAME, theirs * 1e3), "< 30 ms")])
}
