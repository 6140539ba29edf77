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
use crate::misfit::shorten;
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
    /// The value that makes a column text that would otherwise have another type.
    exception: Option<Vec<u8>>,
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
        Self { kind: Kind::Unknown, dates, exception: None }
    }

    /// A column that the configuration says holds dates or times; only which
    /// of them is open.
    pub(crate) fn dates() -> Self {
        Self { kind: Kind::Declared(Moments::default()), dates: true, exception: None }
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
            self.set_text(text);
        }
    }

    /// Makes the column text because of this value.
    #[cold]
    fn set_text(&mut self, text: &[u8]) -> Kind {
        if is_number(text) || parse::date(text).is_some() || parse::moment(text).is_some() {
            self.exception = Some(text.to_vec());
        }
        self.kind = Kind::Text;
        Kind::Text
    }

    fn first(&mut self, text: &[u8], number: Option<&[u8]>) -> Kind {
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
        self.set_text(text)
    }

    /// Returns the reason for a column of text whose values look like numbers or dates, if the
    /// column is one.
    pub(crate) fn reason(&self) -> Option<String> {
        if let Kind::Number(number) = &self.kind {
            return number.reason();
        }
        let value = self.exception.as_deref()?;
        let shown = shorten(value);
        Some(match is_number(value) {
            true => format!("a number would not be written back as `{shown}`"),
            false if self.dates => format!("not all values are written like `{shown}`"),
            false => format!("`parse_dates` does not ask for dates like `{shown}`"),
        })
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

/// Returns whether other programs would read this text as a number.
fn is_number(text: &[u8]) -> bool {
    let begins = |first: &u8| first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.');
    text.first().is_some_and(begins) && parse::f64_of(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_like_numbers_and_dates_are_a_reason() {
        for (values, expected) in [
            (&["1", "2"][..], None),
            (&["a", "1"], None),
            (&["1", "n/a"], None),
            (&["1", "-"], None),
            (&["1", "01"], Some("a number would not be written back as `01`")),
            (&["1.5", "2"], None),
            (&["1.5", "2.0", "2"], Some("whole numbers are written both like `7` and like `7.0`")),
            (&["1e-07", "1.50"], Some("no type would write all of its numbers back as they are")),
            (&["+1"], Some("a number would not be written back as `+1`")),
            (&["2025-01-31"], Some("`parse_dates` does not ask for dates like `2025-01-31`")),
        ] {
            let mut guess = Guess::new(false);
            values.iter().for_each(|value| guess.value(value.as_bytes(), Some(value.as_bytes())));
            assert_eq!(guess.reason().as_deref(), expected, "{values:?}");
        }
    }
}
