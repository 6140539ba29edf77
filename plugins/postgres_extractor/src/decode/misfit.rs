//! Values that no column can hold.

/// The reason why a value cannot become one of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// A date or timestamp of `infinity` or `-infinity`.
    Infinity,
    /// A timestamp whose microseconds since 1970 need more than 64 bits.
    TooLate,
    /// A numeric of `NaN` or `Infinity`.
    NotANumber,
    /// A text that is not UTF-8.
    NotUtf8,
    /// An array of more than one dimension, or one that does not begin at 1.
    Dimensions,
    /// Bytes that the type does not have.
    Malformed,
}

impl Misfit {
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Infinity => "is infinity, which dates and timestamps of a table cannot be",
            Self::TooLate => "is a timestamp beyond the year 294246",
            Self::NotANumber => "is NaN or infinity, which decimals cannot be",
            Self::NotUtf8 => "is not UTF-8, and the database does not say what it is (SQL_ASCII)",
            Self::Dimensions => {
                "is an array that is no plain list: it has more than one dimension \
                                 or does not begin at 1"
            }
            Self::Malformed => "has a binary form that the driver does not know",
        }
    }

    /// The option of the step that makes something else of it.
    pub(crate) fn option(self) -> Option<&'static str> {
        match self {
            Self::Infinity => Some("infinity"),
            Self::NotANumber => Some("nan"),
            _ => None,
        }
    }

    /// An expression for the query that can be read.
    pub(crate) fn cast(self, column: &str) -> String {
        match self {
            Self::NotUtf8 => format!("convert_to({column}, 'SQL_ASCII')"),
            _ => format!("{column}::text"),
        }
    }
}
