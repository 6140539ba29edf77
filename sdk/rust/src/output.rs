//! The table that a step makes.

#[cfg(feature = "arrow")]
use crate::build;
use crate::{Batch, BatchBuilder, Error, Result, Schema, host};

/// The output of this step: open it once, then send batches. An extractor and a
/// processor have one, a writer has none.
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

    /// Says what the columns are; once, before the first batch, and also when
    /// there will be none.
    ///
    /// # Errors
    /// Kind `internal` the second time or if a type's parameters mean nothing, or what the host says about a schema
    /// that it does not take.
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

    /// Sends the rows and clears the builder, which keeps its memory for the
    /// next ones. Waits while downstream steps are behind. Nothing is sent if
    /// there are no rows.
    ///
    /// # Errors
    /// Kind `internal` if the builder is not one of this output's schema or its
    /// columns differ in length, `data` if a column holds more than 2 GiB, or
    /// what the host says.
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

    /// Sends a batch of arrow-rs arrays. Its columns must be those of this
    /// output; nothing is sent if it has no rows.
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
    /// Kind `internal` if the columns are others, `data` if one holds more than
    /// 2 GiB, `unsupported` if one is of a type that the SDK does not have, or
    /// what the host says.
    #[cfg(feature = "arrow")]
    pub fn send_arrow(&mut self, batch: &arrow_array::RecordBatch) -> Result<()> {
        build::check_arrow(batch, self.opened()?)?;
        if batch.num_rows() > 0 {
            let nodes = build::write_arrow(batch, &mut |buffer| self.writer.push(buffer))?;
            self.writer.send(batch.num_rows() as u64, &nodes)?;
        }
        Ok(())
    }

    /// Sends on a batch as it came, without a copy. Its columns must be those
    /// of this output.
    ///
    /// # Errors
    /// Kind `internal` if they are not, or what the host says.
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
