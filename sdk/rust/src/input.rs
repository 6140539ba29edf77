//! A table that a step reads.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::{Batch, Result, Schema, host};

/// The output of an upstream step.
#[derive(Debug)]
pub struct Input {
    /// What the pipeline calls it, like `df_extract_orders`.
    pub name: String,
    reader: host::Reader,
    schema: OnceCell<Rc<Schema>>,
}

impl Input {
    pub(crate) fn new(name: String, reader: host::Reader) -> Self {
        Self { name, reader, schema: OnceCell::new() }
    }

    /// The table's columns. Waits until the upstream step knows them.
    ///
    /// # Errors
    /// Kind `upstream` if that step fails first, or `unsupported` if a column
    /// is of a type that the SDK does not have.
    pub fn schema(&self) -> Result<&Schema> {
        Ok(self.shared_schema()?)
    }

    /// The next batch, or none at the end. Waits for the upstream step.
    ///
    /// # Errors
    /// Kind `upstream` when that step failed: undo what was done and return
    /// the error.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator yields errors within items, where `?` in a loop's head cannot see them"
    )]
    pub fn next(&mut self) -> Result<Option<Batch>> {
        let schema = Rc::clone(self.shared_schema()?);
        Ok(self.reader.next()?.map(|handle| Batch::new(handle, schema)))
    }

    fn shared_schema(&self) -> Result<&Rc<Schema>> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema);
        }
        let schema = Schema::from_wire(self.reader.schema()?)
            .map_err(|error| error.context(format_args!("input {}", self.name)))?;
        Ok(self.schema.get_or_init(|| Rc::new(schema)))
    }
}
