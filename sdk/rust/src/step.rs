//! The step that a driver runs, and its result.

/// One step of a pipeline.
///
/// ```
/// use osiris_sdk::{Step, testing};
/// # use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Output, Schema, Summary};
/// # use serde_json::json;
///
/// /// Returns the numbers below 10 that belong to this partition.
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
    /// Name of the step in the pipeline.
    pub id: String,
    /// Mode in which the step uses the driver.
    pub mode: Mode,
    /// Configuration of the step.
    pub config: C,
    /// Partition to process, if the step is split.
    pub partition: Option<Partition>,
}

/// Use of a driver by a step. The spec's `modes` lists the allowed modes, so a driver with a single
/// mode need not check.
///
/// ```
/// use osiris_sdk::Mode;
///
/// assert_eq!([Mode::Extract, Mode::Write].map(Mode::as_str), ["extract", "write"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Reads external data into a table.
    Extract,
    /// Computes a table from tables.
    Transform,
    /// Writes a table to an external destination.
    Write,
}

impl Mode {
    /// Returns the contract's name of the mode.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extract => "extract",
            Self::Transform => "transform",
            Self::Write => "write",
        }
    }
}

/// One partition of a step that is split to run in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Index of the partition, from 0.
    pub index: u32,
    /// Number of partitions.
    pub count: u32,
}

/// Result of a successful step. Drivers with an output return `Summary::default()`, because the
/// host counts the rows.
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
///     // ... write the rows ...
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
    /// Rows that reached their destination. Only set by writers.
    pub rows_written: Option<u64>,
}
