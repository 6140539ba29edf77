//! Which values are there.

/// A validity bitmap as it came: empty if nothing is missing.
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

    /// The bitmap, if anything is missing.
    #[cfg(feature = "arrow")]
    pub(super) fn into_bits(self) -> Option<Vec<u8>> {
        (self.nulls > 0).then_some(self.bits)
    }

    #[inline]
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.nulls > 0 && !bit(&self.bits, index)
    }
}

/// The bit at that place, least significant first.
#[inline]
pub(super) fn bit(bits: &[u8], index: usize) -> bool {
    bits[index / 8] & (1 << (index % 8)) != 0
}
