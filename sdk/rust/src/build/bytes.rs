//! Builder of text and binary columns.

use super::validity::ValidityBuilder;
use super::{Array, MAX_VALUES, Sink};
use crate::macros::{len_methods, push_option_method};
use crate::{Error, Result};

/// Builds a column of text or bytes.
///
/// ```
/// use osiris_sdk::BytesBuilder;
///
/// let mut names = BytesBuilder::default();
/// names.push_str("Zoë");
/// names.push(b"Al"); // what is UTF-8 already need not be a `str`
/// names.push_option(None);
/// assert_eq!(names.len(), 3);
/// ```
#[derive(Debug, Clone)]
pub struct BytesBuilder {
    /// Start of each value, and end of the last one. Wraps around beyond 2 GiB of data, which
    /// [`Array::check`] rejects before sending.
    offsets: Vec<i32>,
    data: Vec<u8>,
    validity: ValidityBuilder,
}

impl BytesBuilder {
    /// Adds a value. In a text column, the value must be UTF-8, which the host checks.
    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.data.extend_from_slice(value);
        self.offsets.push(self.data.len() as i32);
    }

    /// Adds a text.
    #[inline]
    pub fn push_str(&mut self, value: &str) {
        self.push(value.as_bytes());
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.validity.set_null(self.len());
        self.push(&[]);
    }

    push_option_method!(&[u8]);

    len_methods!("values, including nulls", |builder| builder.offsets.len() - 1);
}

impl Default for BytesBuilder {
    fn default() -> Self {
        Self { offsets: vec![0], data: Vec::new(), validity: ValidityBuilder::default() }
    }
}

impl Array for BytesBuilder {
    fn bytes(&self) -> usize {
        self.data.len() + size_of_val(self.offsets.as_slice())
    }

    fn check(&self) -> Result<()> {
        if self.data.len() > MAX_VALUES {
            return Err(Error::data(format!(
                "{} bytes in one batch, more than the {MAX_VALUES} that a column holds; send \
                 smaller batches",
                self.data.len()
            )));
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.offsets.truncate(1);
        self.data.clear();
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.array(self.len(), &mut self.validity, 3);
        sink.buffer(bytemuck::cast_slice(&self.offsets));
        sink.buffer(&self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_bytes_for_offsets_are_rejected() {
        // Zeroed pages take no memory until they are accessed.
        let data = vec![0; MAX_VALUES + 1];
        let column = BytesBuilder { offsets: vec![0, i32::MIN], data, ..BytesBuilder::default() };
        assert_eq!(
            column.check().unwrap_err().message,
            "2147483648 bytes in one batch, more than the 2147483647 that a column holds; send \
             smaller batches"
        );
    }
}
