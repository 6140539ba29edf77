//! Every type that can cross the boundary: a driver accepts it, or reports that it does not.

use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};

use super::refusable;
use crate::check::{Check, Verdict};
use crate::data;
use crate::harness::Harness;
use crate::requirement::Requirement;

/// Related types.
#[derive(Debug)]
pub(in super::super) struct Family {
    types: fn() -> Vec<DataType>,
}

impl Family {
    pub(in super::super) fn types(&self) -> Vec<DataType> {
        (self.types)()
    }
}

const UNITS: [TimeUnit; 4] =
    [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

const BOOL: Family = Family { types: || vec![DataType::Boolean] };
const INTEGERS: Family = Family {
    types: || {
        use DataType::{Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64};
        vec![Int8, UInt8, Int16, UInt16, Int32, UInt32, Int64, UInt64]
    },
};
const FLOATS: Family =
    Family { types: || vec![DataType::Float16, DataType::Float32, DataType::Float64] };
const DECIMALS: Family = Family {
    types: || {
        vec![
            DataType::Decimal128(10, 2),
            DataType::Decimal128(38, 0),
            DataType::Decimal32(9, 2),
            DataType::Decimal64(18, 4),
            DataType::Decimal256(76, 3),
        ]
    },
};
const TEXT: Family = Family { types: || vec![DataType::Utf8, DataType::LargeUtf8] };
const BINARY: Family = Family {
    types: || vec![DataType::Binary, DataType::LargeBinary, DataType::FixedSizeBinary(16)],
};
const DATES: Family = Family { types: || vec![DataType::Date32, DataType::Date64] };
const TIMES: Family = Family {
    types: || {
        let [second, milli, micro, nano] = UNITS;
        let (short, long) = (DataType::Time32, DataType::Time64);
        vec![short(second), short(milli), long(micro), long(nano)]
    },
};
const TIMESTAMPS: Family = Family {
    types: || {
        let zones = [None, Some("UTC"), Some("Europe/Prague"), Some("+05:30")];
        let of = |zone: Option<&'static str>| {
            UNITS.map(|unit| DataType::Timestamp(unit, zone.map(Into::into)))
        };
        zones.into_iter().flat_map(of).collect()
    },
};
const DURATIONS: Family = Family { types: || UNITS.map(DataType::Duration).to_vec() };
const INTERVALS: Family = Family {
    types: || {
        let units = [IntervalUnit::YearMonth, IntervalUnit::DayTime, IntervalUnit::MonthDayNano];
        units.map(DataType::Interval).to_vec()
    },
};
const NULL: Family = Family { types: || vec![DataType::Null] };
const LISTS: Family = Family {
    types: || {
        let item = || std::sync::Arc::new(Field::new("item", DataType::Int64, true));
        let texts = std::sync::Arc::new(Field::new("item", DataType::Utf8, true));
        vec![
            DataType::List(item()),
            DataType::List(texts),
            DataType::LargeList(item()),
            DataType::FixedSizeList(item(), 2),
            DataType::new_list(DataType::List(item()), true),
        ]
    },
};
const STRUCTS: Family = Family {
    types: || {
        let fields = || {
            Fields::from(vec![
                Field::new("x", DataType::Int64, false),
                Field::new("y", DataType::Utf8, false),
            ])
        };
        vec![DataType::Struct(fields()), DataType::new_list(DataType::Struct(fields()), true)]
    },
};

/// All families.
#[cfg(test)]
pub(in super::super) const FAMILIES: [Family; 14] = [
    BOOL, INTEGERS, FLOATS, DECIMALS, TEXT, BINARY, DATES, TIMES, TIMESTAMPS, DURATIONS, INTERVALS,
    NULL, LISTS, STRUCTS,
];

const FIX: &str =
    "read values with their own type, or reject the column by name with the kind `unsupported`";

const fn check(id: &'static str, title: &'static str, run: fn(&Harness) -> Verdict) -> Check {
    Check { id, title, fix: FIX, needs: &[Requirement::Driver, Requirement::Input], run }
}

pub(super) const CHECKS: &[Check] = &[
    check("types.bool", "booleans are accepted or rejected", |harness| family(harness, &BOOL)),
    check("types.integers", "integers of all sizes are accepted or rejected", |harness| {
        family(harness, &INTEGERS)
    }),
    check("types.floats", "floats of all sizes are accepted or rejected", |harness| {
        family(harness, &FLOATS)
    }),
    check("types.decimals", "decimals of all sizes are accepted or rejected", |harness| {
        family(harness, &DECIMALS)
    }),
    check("types.text", "text of both layouts is accepted or rejected", |harness| {
        family(harness, &TEXT)
    }),
    check("types.binary", "binary values of all layouts are accepted or rejected", |harness| {
        family(harness, &BINARY)
    }),
    check("types.dates", "dates are accepted or rejected", |harness| family(harness, &DATES)),
    check("types.times", "times of day are accepted or rejected", |harness| {
        family(harness, &TIMES)
    }),
    check(
        "types.timestamps",
        "timestamps of all units and zones are accepted or rejected",
        |harness| family(harness, &TIMESTAMPS),
    ),
    check("types.durations", "durations are accepted or rejected", |harness| {
        family(harness, &DURATIONS)
    }),
    check("types.intervals", "intervals are accepted or rejected", |harness| {
        family(harness, &INTERVALS)
    }),
    check("types.null", "a column of type null is accepted or rejected", |harness| {
        family(harness, &NULL)
    }),
    check("types.lists", "lists of all layouts are accepted or rejected", |harness| {
        family(harness, &LISTS)
    }),
    check("types.structs", "structs are accepted or rejected", |harness| family(harness, &STRUCTS)),
];

fn family(harness: &Harness, family: &Family) -> Verdict {
    for data_type in family.types() {
        let schema = data::with(&Schema::empty(), "conformance_value", data_type);
        refusable(harness, "conformance_value", data::batch(&schema, 0, 7).column(0).clone())?;
    }
    Ok(())
}
