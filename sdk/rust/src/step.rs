//! What a driver is to do, and how it ended.

/// One step of a pipeline.
///
/// ```
/// use osiris_sdk::{Step, testing};
/// # use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Output, Schema, Summary};
/// # use serde_json::json;
///
/// /// Which numbers below 10 are this step's, if it is one of several.
/// fn own(step: &Step<serde_json::Value>) -> Vec<i64> {
///     let (index, count) = step.partition.map_or((0, 1), |part| (part.index, part.count));
///     (0..10).filter(|n| n % i64::from(count) == i64::from(index)).collect()
/// }
/// # struct Numbers;
/// # impl osiris_sdk::Driver for Numbers {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         step: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// #         let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
/// #         let mut output = output.unwrap();
/// #         output.open(&schema)?;
/// #         let mut batch = BatchBuilder::new(&schema);
/// #         let ColumnBuilder::Int64(column) = &mut batch.columns[0] else { unreachable!() };
/// #         column.extend_from_slice(&own(&step));
/// #         output.send(&mut batch)?;
/// #         Ok(Summary::default())
/// #     }
/// # }
///
/// let report = testing::run::<Numbers>(json!({})).partition(1, 4).expect_ok();
/// report.assert_rows(&json!([[1], [5], [9]]));
/// ```
#[derive(Debug, Clone)]
pub struct Step<C> {
    /// Its name in the pipeline.
    pub id: String,
    /// What it is to do.
    pub mode: Mode,
    /// How.
    pub config: C,
    /// Which share of it, if it was split.
    pub partition: Option<Partition>,
}

/// What a step does with a driver. The spec's `modes` says which ones there can
/// be; a driver with one mode need not ask.
///
/// ```
/// use osiris_sdk::Mode;
///
/// assert_eq!([Mode::Extract, Mode::Write].map(Mode::as_str), ["extract", "write"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Makes a table from the outside.
    Extract,
    /// Makes a table from tables.
    Transform,
    /// Takes one table to the outside.
    Write,
}

impl Mode {
    /// The contract's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Write => "write",
        }
    }
}

/// One share of a step that is split to run in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Which one, from 0.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

/// How a step ended. `Summary::default()` is the answer of whatever has an
/// output: the host counts its rows.
///
/// ```
/// use osiris_sdk::{Mode, Summary, testing};
/// # use osiris_sdk::{DataType, Field, Schema};
/// # use serde_json::json;
/// # struct Writer;
/// # impl osiris_sdk::Driver for Writer {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         inputs: Vec<osiris_sdk::Input>,
/// #         _: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// # let mut input = osiris_sdk::Input::only(inputs)?;
/// let mut rows = 0;
/// while let Some(batch) = input.next()? {
///     // ... where the rows are written ...
///     rows += batch.rows() as u64;
/// }
/// Ok(Summary { rows_written: Some(rows) })
/// #     }
/// # }
///
/// # let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
/// # let table = testing::Table::from_rows(&schema, &json!([[1], [2]]));
/// let run = testing::run::<Writer>(json!({})).mode(Mode::Write).input("orders", &table);
/// assert_eq!(run.expect_ok().result.unwrap().rows_written, Some(2));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows that reached their destination; only a writer knows.
    pub rows_written: Option<u64>,
}
