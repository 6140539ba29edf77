//! Code that columns and builders of all types have in common.

/// Evaluates an expression for the array in any variant of [`Column`](crate::Column) or
/// [`ColumnBuilder`](crate::ColumnBuilder). Nulls have an arm of their own: a column has no array
/// for them.
macro_rules! for_each_array {
    ($column:expr, $array:ident => $value:expr, $nulls:pat => $count:expr $(,)?) => {
        match $column {
            $nulls => $count,
            Self::Bool($array) => $value,
            Self::Int8($array) => $value,
            Self::Int16($array) => $value,
            Self::Int32($array) | Self::Date32($array) | Self::Time32($array) => $value,
            Self::Int64($array) | Self::Time64($array) | Self::Timestamp($array) => $value,
            Self::UInt8($array) => $value,
            Self::UInt16($array) => $value,
            Self::UInt32($array) => $value,
            Self::UInt64($array) => $value,
            Self::Float32($array) => $value,
            Self::Float64($array) => $value,
            Self::Utf8($array) | Self::Binary($array) => $value,
            Self::Decimal128($array) => $value,
            Self::List($array) => $value,
            Self::Struct($array) => $value,
        }
    };
}

/// Creates the variant of [`Column`](crate::Column) or [`ColumnBuilder`](crate::ColumnBuilder) for
/// a data type. The variants of numbers get one value, those of text and bytes another.
macro_rules! new_array {
    ($data_type:expr, numbers => $numbers:expr, bytes => $bytes:expr, $($other:tt)*) => {
        match $data_type {
            DataType::Int8 => Self::Int8($numbers),
            DataType::Int16 => Self::Int16($numbers),
            DataType::Int32 => Self::Int32($numbers),
            DataType::Int64 => Self::Int64($numbers),
            DataType::UInt8 => Self::UInt8($numbers),
            DataType::UInt16 => Self::UInt16($numbers),
            DataType::UInt32 => Self::UInt32($numbers),
            DataType::UInt64 => Self::UInt64($numbers),
            DataType::Float32 => Self::Float32($numbers),
            DataType::Float64 => Self::Float64($numbers),
            DataType::Date32 => Self::Date32($numbers),
            DataType::Time32(_) => Self::Time32($numbers),
            DataType::Time64(_) => Self::Time64($numbers),
            DataType::Timestamp(..) => Self::Timestamp($numbers),
            DataType::Decimal128(..) => Self::Decimal128($numbers),
            DataType::Utf8 => Self::Utf8($bytes),
            DataType::Binary => Self::Binary($bytes),
            $($other)*
        }
    };
}

/// Defines the length of a column or a builder; `$values` are the things that are counted.
macro_rules! len_methods {
    ($values:literal, |$array:ident| $len:expr) => {
        #[doc = concat!("Returns the number of ", $values, ".")]
        #[must_use]
        pub fn len(&self) -> usize {
            let $array = self;
            $len
        }

        /// Returns whether the column is empty.
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }
    };
}

/// Defines the methods on nulls of a column with a validity bitmap.
macro_rules! null_methods {
    ($value:literal) => {
        #[doc = concat!("Returns whether ", $value, " is null.")]
        ///
        /// # Panics
        /// Can panic if `index` is out of bounds.
        #[inline]
        #[must_use]
        pub fn is_null(&self, index: usize) -> bool {
            self.validity.is_null(index)
        }

        /// Returns the number of nulls.
        #[must_use]
        pub fn null_count(&self) -> usize {
            self.validity.nulls()
        }
    };
}

/// Defines `push_option` of a builder.
macro_rules! push_option_method {
    ($value:ty) => {
        /// Adds a value or a null.
        #[inline]
        pub fn push_option(&mut self, value: Option<$value>) {
            match value {
                Some(value) => self.push(value),
                None => self.push_null(),
            }
        }
    };
}

pub(crate) use {for_each_array, len_methods, new_array, null_methods, push_option_method};
