//! Which values are there.

/// One bit a value, 1 where it is there, least significant bit first. Built
/// only as far as the last null, so that a column without nulls pays nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValidityBuilder {
    bits: Vec<u8>,
    nulls: usize,
}

impl ValidityBuilder {
    /// Marks one value as missing. The ones before it that were never marked
    /// are there.
    pub(crate) fn set_null(&mut self, index: usize) {
        self.cover(index + 1);
        self.bits[index / 8] &= !(1 << (index % 8));
        self.nulls += 1;
    }

    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// The bitmap of this many values; empty if none is missing.
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
