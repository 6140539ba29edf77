//! Fetches a column's nodes and buffers from the host, and checks their consistency, so that
//! reading them cannot go out of bounds.

use std::fmt;

use super::primitive::Values;
use super::validity::Validity;
use crate::bindings::osiris::driver::arrow::Node;
use crate::{Error, Result};

/// A column's part of a batch.
pub(super) struct Buffers<'a> {
    nodes: std::slice::Iter<'a, Node>,
    next: u32,
    fetch: &'a dyn Fn(u32) -> Vec<u8>,
}

impl<'a> Buffers<'a> {
    /// Creates a reader from the nodes, starting with the column's first one, and the index of the
    /// column's first buffer.
    pub(super) fn new(nodes: &'a [Node], next: u32, fetch: &'a dyn Fn(u32) -> Vec<u8>) -> Self {
        Self { nodes: nodes.iter(), next, fetch }
    }

    /// Returns length and validity of the next array, which must have `buffers` buffers.
    pub(super) fn array(&mut self, buffers: u32) -> Result<(usize, Validity)> {
        let (length, nulls) = self.node(buffers)?;
        // The bitmap is not needed without nulls.
        if nulls == 0 {
            self.next += 1;
            return Ok((length, Validity::default()));
        }
        Ok((length, Validity::new(self.at_least(length.div_ceil(8))?, nulls)))
    }

    /// Returns length and nulls of the next array, from its node.
    pub(super) fn node(&mut self, buffers: u32) -> Result<(usize, usize)> {
        let Some(node) = self.nodes.next() else {
            return Err(self.inconsistent(format_args!("an array is missing")));
        };
        if node.buffers != buffers {
            let found = node.buffers;
            return Err(self.inconsistent(format_args!("{found} buffers, not {buffers}")));
        }
        match (usize::try_from(node.length), usize::try_from(node.null_count)) {
            (Ok(length), Ok(nulls)) => Ok((length, nulls)),
            _ => Err(self.inconsistent(format_args!("{} values", node.length))),
        }
    }

    /// Returns the offsets of an array and the end of its last value.
    pub(super) fn offsets(&mut self, length: usize) -> Result<(Values<i32>, usize)> {
        let offsets = Values::<i32>::new(self.exactly(length.saturating_add(1), size_of::<i32>())?);
        let slice = offsets.as_slice();
        if slice[0] < 0 || !slice.is_sorted() {
            return Err(self.inconsistent(format_args!("offsets that go back")));
        }
        let end = slice[length] as usize;
        Ok((offsets, end))
    }

    /// Fetches a buffer of exactly `count` values of `size` bytes, without padding.
    pub(super) fn exactly(&mut self, count: usize, size: usize) -> Result<Vec<u8>> {
        let bytes = count.saturating_mul(size);
        let mut buffer = self.at_least(bytes)?;
        buffer.truncate(bytes);
        Ok(buffer)
    }

    pub(super) fn at_least(&mut self, bytes: usize) -> Result<Vec<u8>> {
        let buffer = (self.fetch)(self.next);
        self.next += 1;
        if buffer.len() < bytes {
            let found = buffer.len();
            return Err(self.inconsistent(format_args!("{found} bytes where {bytes} are needed")));
        }
        Ok(buffer)
    }

    pub(super) fn inconsistent(&self, what: fmt::Arguments<'_>) -> Error {
        Error::internal(format!("the host sent an inconsistent batch: {what}"))
    }
}
