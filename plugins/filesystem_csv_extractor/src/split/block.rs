//! Rows that have been split, ready to be read column by column.

use std::borrow::Cow;

/// The place of a field in the text of its block, quotes included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Whole rows of the file, all with the same number of fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(super) text: &'a [u8],
    pub(super) spans: &'a [Span],
    pub(super) columns: usize,
    pub(super) quote: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) offset: u64,
}

/// One field as it stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    /// The text, without the quotes around it.
    pub(crate) text: &'a [u8],
    /// Whether there were quotes; then quotes inside are still doubled or
    /// escaped.
    pub(crate) quoted: bool,
}

impl<'a> Block<'a> {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.spans.len() / self.columns
    }

    /// Number of fields in a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The first rows only.
    pub(crate) fn first(self, rows: usize) -> Self {
        Self { spans: &self.spans[..rows * self.columns], ..self }
    }

    /// The rows after the first ones.
    pub(crate) fn skip(self, rows: usize) -> Self {
        Self { spans: &self.spans[rows * self.columns..], ..self }
    }

    /// The fields of the first row, as they stand in the file.
    pub(crate) fn first_row(&self) -> impl Iterator<Item = &'a [u8]> {
        let text = self.text;
        let row = self.spans.iter().take(self.columns);
        row.map(move |span| &text[span.start as usize..span.end as usize])
    }

    /// The fields of one column, as they stand in the file: quotes included.
    #[inline]
    pub(crate) fn column(&self, column: usize) -> impl Iterator<Item = &'a [u8]> {
        let text = self.text;
        self.spans
            .chunks_exact(self.columns)
            .map(move |row| &text[row[column].start as usize..row[column].end as usize])
    }

    /// The same, each with the bytes that begin with it, if there are so many.
    #[inline]
    pub(crate) fn windows<const N: usize>(
        &self,
        column: usize,
    ) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8; N]>)> {
        let text = self.text;
        self.spans.chunks_exact(self.columns).map(move |row| {
            let (start, end) = (row[column].start as usize, row[column].end as usize);
            (&text[start..end], text[start..].first_chunk())
        })
    }

    /// Takes the quotes off.
    #[inline]
    pub(crate) fn unquote(&self, field: &'a [u8]) -> Raw<'a> {
        match (field, self.quote) {
            ([first, text @ .., _], Some(quote)) if *first == quote => Raw { text, quoted: true },
            _ => Raw { text: field, quoted: false },
        }
    }

    /// The meaning of a field: without quotes, doubled and escaped ones made
    /// single.
    pub(crate) fn value(&self, raw: Raw<'a>) -> Cow<'a, [u8]> {
        if let (Some(quote), Some(escape), true) = (self.quote, self.escape, raw.quoted) {
            return match memchr::memchr2(quote, escape, raw.text) {
                Some(_) => Cow::Owned(unescape(raw.text, quote, escape)),
                None => Cow::Borrowed(raw.text),
            };
        }
        match self.quote {
            Some(quote) if raw.quoted && memchr::memchr(quote, raw.text).is_some() => {
                Cow::Owned(undouble(raw.text, quote))
            }
            _ => Cow::Borrowed(raw.text),
        }
    }

    /// The byte around fields that have quotes.
    pub(crate) fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// Bytes of text in all rows, quotes and ends included.
    pub(crate) fn size(&self) -> usize {
        let ends = self.spans.first().zip(self.spans.last());
        ends.map_or(0, |(first, last)| last.end.saturating_sub(first.start) as usize)
    }

    /// Bytes of text in a row, quotes included.
    pub(crate) fn size_of(&self, row: usize) -> usize {
        let row = &self.spans[row * self.columns..][..self.columns];
        row.first().zip(row.last()).map_or(0, |(first, last)| (last.end - first.start) as usize)
    }

    /// Returns whether a field with quotes around it cannot be taken for a
    /// number, a date or another value without them.
    pub(crate) fn shows_quotes(&self) -> bool {
        !self.quote.is_some_and(|quote| quote.is_ascii_alphanumeric() || b"+-.:, ".contains(&quote))
    }

    /// The end of the last row, as an offset into the text of the file.
    pub(crate) fn end(&self) -> u64 {
        self.offset + self.spans.last().map_or(0, |span| u64::from(span.end))
    }

    /// The start of a row, as an offset into the text of the file.
    pub(crate) fn offset_of(&self, row: usize) -> u64 {
        self.offset + u64::from(self.spans[row * self.columns].start)
    }
}

fn undouble(text: &[u8], quote: u8) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(quote, rest) {
        value.extend_from_slice(&rest[..=at]);
        // The splitter saw to it that quotes inside come in pairs.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    value.extend_from_slice(rest);
    value
}

/// An escape before anything but a quote or itself is text.
fn unescape(text: &[u8], quote: u8, escape: u8) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(quote, escape, rest) {
        value.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let pair = match rest {
            [first, second, ..] if *first == escape => *second == quote || *second == escape,
            [first, second, ..] => first == second,
            _ => false,
        };
        value.push(rest[usize::from(pair)]);
        rest = &rest[1 + usize::from(pair)..];
    }
    value.extend_from_slice(rest);
    value
}
