//! Builder of validity bitmaps.

/// A bitmap with one bit per value, 0 for a null, least significant bit first. Built only up to the
/// last null, so that columns without nulls cost nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValidityBuilder {
    bits: Vec<u8>,
    nulls: usize,
}

impl ValidityBuilder {
    /// Marks a value as null. Preceding values that were never marked are valid.
    pub(crate) fn set_null(&mut self, index: usize) {
        self.cover(index + 1);
        self.bits[index / 8] &= !(1 << (index % 8));
        self.nulls += 1;
    }

    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Returns the bitmap for `len` values; empty if there are no nulls.
    pub(crate) fn finish(&mut self, len: usize) -> &[u8] {
        if self.nulls == 0 {
            return &[];
        }
        self.cover(len);
        &self.bits
    }

    pub(crate) fn clear(&mut self) {
        self.bits.clear();
        self.nulls = 0;
    }

    fn cover(&mut self, len: usize) {
        let bytes = len.div_ceil(8);
        if bytes > self.bits.len() {
            self.bits.resize(bytes, 0xff);
        }
    }
}
