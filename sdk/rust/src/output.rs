//! The table that a step writes.

#[cfg(feature = "arrow")]
use crate::build;
use crate::{Batch, BatchBuilder, Error, Result, Schema, host};

/// The output of this step: open it once, then send batches. Extractors and processors have an
/// output; writers do not.
///
/// ```
/// use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Error, Field, Schema, testing};
/// # use serde_json::json;
///
/// # struct Squares;
/// # impl osiris_sdk::Driver for Squares {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         _: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         _: Vec<osiris_sdk::Input>,
/// #         output: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// let mut output = output.ok_or_else(|| Error::unsupported("this driver only extracts"))?;
/// let schema = Schema::new(vec![Field::new("square", DataType::Int64, false)]);
/// output.open(&schema)?;
/// let mut batch = BatchBuilder::new(&schema);
/// for n in 1..=100_000 {
///     let ColumnBuilder::Int64(squares) = &mut batch.columns[0] else { unreachable!() };
///     squares.push(n * n);
///     if batch.rows() == 32_768 {
///         output.send(&mut batch)?; // empties it
///     }
/// }
/// output.send(&mut batch)?;
/// # Ok(osiris_sdk::Summary::default())
/// #     }
/// # }
///
/// let report = testing::run::<Squares>(json!({})).expect_ok();
/// assert_eq!(report.table().row_count(), 100_000);
/// assert_eq!(report.table().batches().len(), 4);
/// ```
#[derive(Debug)]
pub struct Output {
    writer: host::Writer,
    schema: Option<Schema>,
}

impl Output {
    pub(crate) fn new(writer: host::Writer) -> Self {
        Self { writer, schema: None }
    }

    /// Announces the columns. Must be called once, before the first batch, even if there are no
    /// batches.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the output is open already or the parameters of a
    /// type are invalid, or an error of the host if it rejects the schema.
    pub fn open(&mut self, schema: &Schema) -> Result<()> {
        if self.schema.is_some() {
            return Err(Error::internal(
                "the output is open already: call `open` once, before the first batch",
            ));
        }
        for field in &schema.fields {
            field
                .data_type
                .check()
                .map_err(|error| error.context(format_args!("column {:?}", field.name)))?;
        }
        self.writer.open(&schema.to_wire())?;
        self.schema = Some(schema.clone());
        Ok(())
    }

    /// Sends the rows and clears the builder, which keeps its memory for the next rows. Waits while
    /// downstream steps are behind. Sends nothing if there are no rows.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the builder does not have this output's schema or its
    /// columns differ in length, of kind `data` if a column holds more than 2 GiB, or an error of
    /// the host.
    pub fn send(&mut self, batch: &mut BatchBuilder) -> Result<()> {
        batch.check(self.opened()?)?;
        let rows = batch.rows();
        if rows > 0 {
            let nodes = batch.write(&mut |buffer| self.writer.push(buffer));
            self.writer.send(rows as u64, &nodes)?;
            batch.clear();
        }
        Ok(())
    }

    /// Sends a batch of arrow-rs arrays. Its columns must match this output. Sends nothing if the
    /// batch has no rows.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{Int64Array, RecordBatch};
    /// use osiris_sdk::{Schema, testing};
    /// # use serde_json::json;
    ///
    /// # struct Numbers;
    /// # impl osiris_sdk::Driver for Numbers {
    /// #     type Config = serde_json::Value;
    /// #     fn run(
    /// #         _: &osiris_sdk::Context,
    /// #         _: osiris_sdk::Step<Self::Config>,
    /// #         _: Vec<osiris_sdk::Input>,
    /// #         output: Option<osiris_sdk::Output>,
    /// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
    /// # let mut output = output.unwrap();
    /// let numbers = Arc::new(Int64Array::from(vec![Some(1), None]));
    /// let batch = RecordBatch::try_from_iter([("n", numbers as _)]).unwrap();
    /// output.open(&Schema::try_from(&*batch.schema())?)?;
    /// output.send_arrow(&batch)?;
    /// # Ok(osiris_sdk::Summary::default())
    /// #     }
    /// # }
    ///
    /// testing::run::<Numbers>(json!({})).expect_ok().assert_rows(&json!([[1], [null]]));
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the columns do not match, of kind `data` if a column
    /// holds more than 2 GiB, of kind `unsupported` if the SDK does not support the type of a
    /// column, or an error of the host.
    #[cfg(feature = "arrow")]
    pub fn send_arrow(&mut self, batch: &arrow_array::RecordBatch) -> Result<()> {
        build::check_arrow(batch, self.opened()?)?;
        if batch.num_rows() > 0 {
            let nodes = build::write_arrow(batch, &mut |buffer| self.writer.push(buffer))?;
            self.writer.send(batch.num_rows() as u64, &nodes)?;
        }
        Ok(())
    }

    /// Sends a batch of an input without a copy. Its columns must match this output.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the columns do not match, or an error of the host.
    pub fn forward(&mut self, batch: &Batch) -> Result<()> {
        if self.opened()? != batch.schema() {
            return Err(Error::internal(
                "the batch has other columns than this output: open it with the input's schema, or \
                 fill a `BatchBuilder`",
            ));
        }
        Ok(self.writer.forward(batch.handle())?)
    }

    fn opened(&self) -> Result<&Schema> {
        self.schema.as_ref().ok_or_else(|| {
            Error::internal("the output is not open: call `open` before the first batch")
        })
    }
}
