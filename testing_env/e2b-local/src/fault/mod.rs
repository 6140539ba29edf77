//! Faults on demand: which requests, and what happens to them.

mod apply;
mod body;
mod effect;

use std::sync::{Mutex, PoisonError};

pub(crate) use apply::{Broken, Effects, answer, before, request_body};
pub(crate) use body::breaking;
pub use effect::{Answer, Effect};

/// A fault: requests that it matches, and what happens to them.
#[derive(Debug, Clone)]
pub struct Fault {
    route: String,
    containing: Option<String>,
    first: u64,
    times: Option<u64>,
    effect: Effect,
}

impl Fault {
    /// Happens once, to the next request of a route as [`crate::E2bLocal::requests`]
    /// names it; `*` is any.
    #[must_use]
    pub fn on(route: &str, effect: Effect) -> Self {
        Self { route: route.to_owned(), containing: None, first: 1, times: Some(1), effect }
    }

    /// Counts only requests with this text in their path, query or, if it is a
    /// call of envd, body.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Begins with the nth request that matches, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.first = nth;
        self
    }

    /// Happens to so many requests in a row.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Happens to all requests from the first on.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    fn matches(&self, route: &str, text: &str) -> bool {
        (self.route == "*" || self.route == route)
            && self.containing.as_ref().is_none_or(|substring| text.contains(substring))
    }
}

/// The faults that are armed, each with how many requests it has matched.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, u64)>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((fault, 0));
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns the effects on a request of this route with this text.
    pub(crate) fn effects(&self, route: &str, text: &str) -> Effects {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut effects = Vec::new();
        for (fault, matched) in faults.iter_mut() {
            if !fault.matches(route, text) {
                continue;
            }
            *matched += 1;
            let since = matched.checked_sub(fault.first);
            if since.is_some_and(|since| fault.times.is_none_or(|times| since < times)) {
                effects.push(fault.effect.clone());
            }
        }
        Effects(effects.into())
    }
}
