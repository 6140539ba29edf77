//! Finds the type of a column from its values.
//!
//! The rule: a type is chosen only if each value, written by the CSV writer,
//! is again the text that was read. So `001` and `1e5` stay text, `1.50` is a
//! decimal and not a float, and nothing changes on its way through a pipeline.

mod moments;
mod number;

use osiris_sdk::{DataType, Field};

use self::moments::Moments;
use self::number::Number;
use crate::nulls::Nulls;
use crate::options::Reading;
use crate::parse;
use crate::split::Block;

/// The type of a column, as far as its values are known.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    kind: Kind,
    /// Whether texts like `2025-01-31` may be dates.
    dates: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    /// No value yet.
    Unknown,
    Bool,
    Number(Number),
    Moments(Moments),
    /// Dates and times because the configuration says so.
    Declared(Moments),
    Text,
}

impl Guess {
    /// Nothing is known. `dates`: whether dates and times may be found.
    pub(crate) fn new(dates: bool) -> Self {
        Self { kind: Kind::Unknown, dates }
    }

    /// A column that the configuration says holds dates or times; only which
    /// of them is open.
    pub(crate) fn dates() -> Self {
        Self { kind: Kind::Declared(Moments::default()), dates: true }
    }

    /// Returns whether no value can change the type any more.
    pub(crate) fn settled(&self) -> bool {
        matches!(self.kind, Kind::Text)
    }

    /// Looks at one column of a block.
    pub(crate) fn observe(
        &mut self,
        block: &Block<'_>,
        column: usize,
        reading: &Reading,
        nulls: &Nulls,
    ) {
        if self.settled() {
            return;
        }
        let direct = reading.notation.is_plain() && block.shows_quotes();
        for (field, window) in block.windows(column) {
            if let (Kind::Number(number), Some(window)) = (&mut self.kind, window)
                && direct
                && nulls.is_value(field)
                && number.observe_short(window, field.len())
            {
                continue;
            }
            let raw = block.unquote(field);
            if direct && !raw.quoted {
                if !nulls.is_null(field) {
                    self.value(field, Some(field));
                }
            } else {
                self.text(&block.value(raw), reading, nulls);
            }
        }
    }

    /// Looks at a field without its quotes. Whether they keep it from being
    /// missing depends on the type, which it cannot change: a column of nothing
    /// else is text.
    #[inline(never)]
    fn text(&mut self, text: &[u8], reading: &Reading, nulls: &Nulls) {
        if nulls.is_null(text) {
            return;
        }
        if reading.notation.is_plain() {
            self.value(text, Some(text));
        } else {
            self.value(text, reading.notation.plain(text).as_deref());
        }
    }

    /// Looks at a value, and the same as a number that programs write, if it
    /// may be one.
    #[inline(always)]
    fn value(&mut self, text: &[u8], number: Option<&[u8]>) {
        let fits = match &mut self.kind {
            Kind::Number(numbers) => number.is_some_and(|number| numbers.observe(number)),
            Kind::Bool => parse::bool_of(text).is_some(),
            Kind::Moments(moments) => moments.observe_canonical(text),
            Kind::Declared(moments) => {
                moments.observe(text);
                true
            }
            Kind::Unknown => {
                self.kind = self.first(text, number);
                true
            }
            Kind::Text => true,
        };
        if !fits {
            self.kind = Kind::Text;
        }
    }

    fn first(&self, text: &[u8], number: Option<&[u8]>) -> Kind {
        if parse::bool_of(text).is_some() {
            return Kind::Bool;
        }
        let mut numbers = Number::default();
        if number.is_some_and(|number| numbers.observe(number)) {
            return Kind::Number(numbers);
        }
        let mut moments = Moments::default();
        if self.dates && moments.observe_canonical(text) {
            return Kind::Moments(moments);
        }
        Kind::Text
    }

    /// The column. Nothing but missing values makes a column of text.
    pub(crate) fn field(self, name: String) -> Field {
        match self.kind {
            Kind::Unknown | Kind::Text => Field::new(name, DataType::Utf8, true),
            Kind::Bool => Field::new(name, DataType::Bool, true),
            Kind::Number(number) => number.field(name),
            Kind::Moments(moments) | Kind::Declared(moments) => {
                Field::new(name, moments.data_type(), true)
            }
        }
    }
}
