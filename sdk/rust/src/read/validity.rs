//! Validity bitmaps.

/// A validity bitmap as received: empty if there are no nulls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Validity {
    bits: Vec<u8>,
    nulls: usize,
}

impl Validity {
    pub(super) fn new(bits: Vec<u8>, nulls: usize) -> Self {
        Self { bits, nulls }
    }

    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// Returns the bitmap. Returns `None` if there are no nulls.
    #[cfg(feature = "arrow")]
    pub(super) fn into_bits(self) -> Option<Vec<u8>> {
        (self.nulls > 0).then_some(self.bits)
    }

    #[inline]
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.nulls > 0 && !bit(&self.bits, index)
    }
}

/// Returns the bit at an index, least significant bit first.
#[inline]
pub(super) fn bit(bits: &[u8], index: usize) -> bool {
    bits[index / 8] & (1 << (index % 8)) != 0
}
