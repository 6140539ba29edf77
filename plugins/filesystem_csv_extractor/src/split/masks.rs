//! Finds the bytes that matter, 64 at a time.

use wide::u8x16;

/// Number of bytes that are looked at together.
pub(super) const WIDTH: usize = 64;

/// The places of structure in [`WIDTH`] bytes: bit `i` is byte `i`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masks {
    /// Delimiters, line feeds and carriage returns.
    pub(super) ends: u64,
    /// Quotes and what escapes them.
    pub(super) quotes: u64,
}

/// Looks for one dialect's bytes.
#[derive(Debug, Clone)]
pub(super) struct Finder {
    delimiter: u8x16,
    quote: u8x16,
    escape: Option<u8x16>,
    quoting: u64,
}

impl Finder {
    /// Without a quote, no quotes are found. Of a delimiter of several bytes
    /// the first is looked for.
    pub(super) fn new(delimiter: u8, quote: Option<u8>, escape: Option<u8>) -> Self {
        Self {
            delimiter: u8x16::splat(delimiter),
            escape: escape.map(u8x16::splat),
            quote: u8x16::splat(quote.unwrap_or_default()),
            quoting: if quote.is_some() { u64::MAX } else { 0 },
        }
    }

    /// Looks at [`WIDTH`] bytes.
    #[inline(always)]
    pub(super) fn find(&self, chunk: &[u8; WIDTH]) -> Masks {
        let (mut ends, mut quotes) = (0, 0);
        let (lanes, _) = chunk.as_chunks::<16>();
        for (index, lane) in lanes.iter().enumerate() {
            let bytes = u8x16::new(*lane);
            let end = bytes.simd_eq(self.delimiter)
                | bytes.simd_eq(u8x16::splat(b'\n'))
                | bytes.simd_eq(u8x16::splat(b'\r'));
            ends |= u64::from(end.to_bitmask()) << (index * 16);
            quotes |= u64::from(bytes.simd_eq(self.quote).to_bitmask()) << (index * 16);
        }
        if let Some(escape) = self.escape {
            for (index, lane) in lanes.iter().enumerate() {
                let escapes = u8x16::new(*lane).simd_eq(escape).to_bitmask();
                quotes |= u64::from(escapes) << (index * 16);
            }
        }
        Masks { ends, quotes: quotes & self.quoting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_classified_at_every_position() {
        let finder = Finder::new(b';', Some(b'\''), Some(b'\\'));
        for place in 0..WIDTH {
            for byte in 0..=u8::MAX {
                let mut chunk = [b'x'; WIDTH];
                chunk[place] = byte;
                let masks = finder.find(&chunk);
                let bit = 1 << place;
                assert_eq!(masks.ends, if b";\r\n".contains(&byte) { bit } else { 0 });
                assert_eq!(masks.quotes, if b"'\\".contains(&byte) { bit } else { 0 });
            }
        }
    }

    #[test]
    fn no_quotes_are_found_without_a_quote_character() {
        assert_eq!(Finder::new(b',', None, None).find(&[0; WIDTH]).quotes, 0);
    }
}
