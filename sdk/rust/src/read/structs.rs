//! Struct columns.

use super::Column;
use super::buffers::Buffers;
use super::validity::Validity;
use crate::macros::{len_methods, null_methods};
use crate::{Field, Result};

/// A column of structs.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::Struct(vec![osiris_sdk::Field::new("x", osiris_sdk::DataType::Int64, false)]), true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([[{"x": 3}], [null]]));
/// let Column::Struct(points) = table.batches()[0].column(0).unwrap() else { panic!() };
/// let [Column::Int64(x)] = points.fields() else { panic!() };
/// let x: Vec<_> = (0..points.len()).map(|row| (!points.is_null(row)).then(|| x.get(row))).collect();
/// assert_eq!(x, [Some(Some(3)), None]);
/// ```
#[derive(Debug, Clone)]
pub struct StructColumn {
    pub(super) fields: Vec<Column>,
    pub(super) len: usize,
    pub(super) validity: Validity,
}

impl StructColumn {
    pub(super) fn read(fields: &[Field], buffers: &mut Buffers<'_>) -> Result<Self> {
        let (length, validity) = buffers.array(1)?;
        let columns: Result<Vec<_>> = fields
            .iter()
            .map(|field| {
                let column = Column::read(&field.data_type, buffers)?;
                if column.len() < length {
                    return Err(buffers.inconsistent(format_args!(
                        "field {:?} has {} values for {length} structs",
                        field.name,
                        column.len()
                    )));
                }
                Ok(column)
            })
            .collect();
        Ok(Self { fields: columns?, len: length, validity })
    }

    /// Returns one column per field, in the order of the type. The values of the fields of a null
    /// struct have no meaning.
    #[must_use]
    pub fn fields(&self) -> &[Column] {
        &self.fields
    }

    len_methods!("structs, including nulls", |column| column.len);

    null_methods!("a struct");
}
