//! The time that the emulator believes it is.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::HeaderValue;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

/// A clock that may be wrong on purpose.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds that it is ahead.
    ahead: AtomicI64,
}

impl Clock {
    pub(crate) fn set(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
            .saturating_add(SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed)))
            .unwrap_or(Timestamp::MAX)
    }

    /// The value of a `Date` header.
    pub(crate) fn date(&self) -> Option<HeaderValue> {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.now()).ok()?;
        HeaderValue::from_str(&date).ok()
    }
}
