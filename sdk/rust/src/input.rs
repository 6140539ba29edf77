//! A table that a step reads.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::{Batch, Error, Result, Schema, host};

/// The output of an upstream step.
///
/// ```
/// use osiris_sdk::{Column, DataType, Kind, Mode, testing};
/// # use osiris_sdk::{Field, Schema};
/// # use serde_json::json;
///
/// # struct Sum;
/// # impl osiris_sdk::Driver for Sum {
/// #     type Config = serde_json::Value;
/// #     fn run(
/// #         ctx: &osiris_sdk::Context,
/// #         _: osiris_sdk::Step<Self::Config>,
/// #         inputs: Vec<osiris_sdk::Input>,
/// #         _: Option<osiris_sdk::Output>,
/// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
/// # let mut input = osiris_sdk::Input::only(inputs)?;
/// let index = input.schema()?.find("n", &DataType::Int64)?;
/// let mut sum = 0;
/// while let Some(batch) = input.next()? {
///     let Column::Int64(values) = batch.column(index)? else { unreachable!() };
///     sum += values.iter().flatten().sum::<i64>();
/// }
/// ctx.info(format!("the sum is {sum}"));
/// # Ok(osiris_sdk::Summary::default())
/// #     }
/// # }
/// # let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
/// let table = testing::Table::from_rows(&schema, &json!([[1], [null]])).with_rows(&json!([[2]]));
/// let run = || testing::run::<Sum>(json!({})).mode(Mode::Write);
/// run().input("orders", &table).expect_ok().assert_logged("the sum is 3");
/// // The upstream step can fail after any number of rows.
/// run().failing_input("orders", &table).expect_err(Kind::Upstream);
/// ```
#[derive(Debug)]
pub struct Input {
    /// Name of the table in the pipeline, like `df_extract_orders`.
    pub name: String,
    reader: host::Reader,
    schema: OnceCell<Rc<Schema>>,
}

impl Input {
    pub(crate) fn new(name: String, reader: host::Reader) -> Self {
        Self { name, reader, schema: OnceCell::new() }
    }

    /// Returns the only input of a step that reads one table.
    ///
    /// ```
    /// use osiris_sdk::{Input, Kind, Mode, testing};
    /// # use serde_json::json;
    ///
    /// # struct Writer;
    /// # impl osiris_sdk::Driver for Writer {
    /// #     type Config = serde_json::Value;
    /// #     fn run(
    /// #         _: &osiris_sdk::Context,
    /// #         _: osiris_sdk::Step<Self::Config>,
    /// #         inputs: Vec<osiris_sdk::Input>,
    /// #         _: Option<osiris_sdk::Output>,
    /// #     ) -> osiris_sdk::Result<osiris_sdk::Summary> {
    /// let mut input = Input::only(inputs)?;
    /// # while input.next()?.is_some() {}
    /// # Ok(osiris_sdk::Summary::default())
    /// #     }
    /// # }
    ///
    /// let table = testing::Table::new(&osiris_sdk::Schema::default());
    /// let run = || testing::run::<Writer>(json!({})).mode(Mode::Transform);
    /// let error = run().input("orders", &table).input("items", &table).expect_err(Kind::Config);
    /// assert_eq!(
    ///     error.message,
    ///     "this driver reads one table and got 2: orders, items; add a step for each"
    /// );
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `config` if there are no inputs or several.
    pub fn only(mut inputs: Vec<Self>) -> Result<Self> {
        match inputs.len() {
            1 => Ok(inputs.remove(0)),
            0 => Err(Error::config(
                "this driver reads one table; name the step that makes it in `needs`",
            )),
            count => {
                let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
                Err(Error::config(format!(
                    "this driver reads one table and got {count}: {}; add a step for each",
                    names.join(", ")
                )))
            }
        }
    }

    /// Returns the table's columns. Waits until the upstream step announces them.
    ///
    /// # Errors
    /// Returns an error of kind `upstream` if the upstream step fails first, or `unsupported` if
    /// the SDK does not support the type of a column.
    pub fn schema(&self) -> Result<&Schema> {
        Ok(self.shared_schema()?)
    }

    /// Returns the next batch, or `None` at the end of the table. Waits for the upstream step.
    ///
    /// # Errors
    /// Returns an error of kind `upstream` if the upstream step failed: undo the step's work and
    /// return the error.
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
