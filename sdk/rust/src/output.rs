//! The table that a step makes.

#[cfg(feature = "arrow")]
use crate::build;
use crate::{Batch, BatchBuilder, Error, Result, Schema, host};

/// The output of this step.
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
            return Err(Error::internal("the output is open already"));
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
            return Err(Error::internal("a batch of another schema cannot be forwarded"));
        }
        Ok(self.writer.forward(batch.handle())?)
    }

    fn opened(&self) -> Result<&Schema> {
        self.schema.as_ref().ok_or_else(|| Error::internal("send before `open` told the columns"))
    }
}
