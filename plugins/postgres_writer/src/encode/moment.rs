//! Dates and times.

use osiris_sdk::TimeUnit;

use super::Misfit;

/// Days from 1970-01-01 to 2000-01-01, which the server counts from.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Days since 2000.
#[inline]
pub(super) fn date(days: i32) -> Result<i32, Misfit> {
    // The smallest one means infinity to the server.
    days.checked_sub(EPOCH_DAYS).filter(|days| *days > i32::MIN).ok_or_else(out_of_range)
}

/// Microseconds from 2000 to the midnight at which a day begins.
pub(super) fn midnight(days: i32) -> Result<i64, Misfit> {
    timestamp(i64::from(days) * 86_400, TimeUnit::Second, None)
}

/// Microseconds since 2000.
#[inline]
pub(super) fn timestamp(value: i64, unit: TimeUnit, step: Option<i64>) -> Result<i64, Misfit> {
    let micros = micros(value, unit, step)?.checked_sub(EPOCH_MICROS);
    micros.filter(|micros| *micros > i64::MIN).ok_or_else(out_of_range)
}

/// Microseconds, which a column of that step does not round.
#[inline]
pub(super) fn micros(value: i64, unit: TimeUnit, step: Option<i64>) -> Result<i64, Misfit> {
    let micros = match unit {
        TimeUnit::Second => value.checked_mul(1_000_000).ok_or_else(out_of_range)?,
        TimeUnit::Millisecond => value.checked_mul(1_000).ok_or_else(out_of_range)?,
        TimeUnit::Microsecond => value,
        TimeUnit::Nanosecond if value % 1_000 == 0 => value / 1_000,
        TimeUnit::Nanosecond if step.is_none() => {
            value.div_euclid(1_000) + i64::from(value.rem_euclid(1_000) >= 500)
        }
        TimeUnit::Nanosecond => {
            return Err(Misfit::inexact("has nanoseconds, and PostgreSQL counts in microseconds"));
        }
    };
    match step {
        Some(step) if step > 1 && micros % step != 0 => {
            Err(Misfit::inexact("has smaller parts of a second than the column keeps"))
        }
        _ => Ok(micros),
    }
}

#[cold]
fn out_of_range() -> Misfit {
    Misfit::new("is out of the range of the column's type")
}
