//! Budgets that all parts of a run share, so that the sum is limited and not only each part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A limited amount. Clones share one budget.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: u64,
    used: AtomicU64,
}

/// Budgets that all steps of a run share.
#[derive(Debug, Clone, Default)]
pub struct Budgets {
    /// Bytes of memory: the drivers' own, and what the host holds for them.
    pub memory: Budget,
    /// Bytes of tables on disk.
    pub spill: Budget,
}

/// A part of a budget. Returned to the budget when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    amount: u64,
}

/// Error for a budget that does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// Amount that would be in use.
    pub total: u64,
}

impl Default for Budget {
    /// Creates an unlimited budget.
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

impl Budget {
    /// Creates a budget of `limit`.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Inner { limit, used: AtomicU64::new(0) }))
    }

    /// Creates an empty share, which can grow.
    pub fn share(&self) -> Share {
        Share { budget: self.clone(), amount: 0 }
    }

    /// Amount in use.
    pub fn used(&self) -> u64 {
        self.0.used.load(Relaxed)
    }

    fn take(&self, amount: u64) -> Result<(), Exceeded> {
        let Inner { limit, used } = &*self.0;
        let total = |used: u64| used.saturating_add(amount);
        let fits = |used: u64| Some(total(used)).filter(|total| total <= limit);
        match used.fetch_update(Relaxed, Relaxed, fits) {
            Ok(_) => Ok(()),
            Err(used) => Err(Exceeded { total: total(used) }),
        }
    }
}

impl Share {
    /// Takes `amount` more from the budget.
    ///
    /// # Errors
    /// Returns an error if the budget has less than `amount` left; the share is then unchanged.
    pub fn grow(&mut self, amount: u64) -> Result<(), Exceeded> {
        self.budget.take(amount)?;
        self.amount += amount;
        Ok(())
    }

    /// Returns up to `amount` to the budget.
    pub fn shrink(&mut self, amount: u64) {
        let amount = amount.min(self.amount);
        self.amount -= amount;
        self.budget.0.used.fetch_sub(amount, Relaxed);
    }

    /// Returns the size of the share.
    pub fn amount(&self) -> u64 {
        self.amount
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_the_budget_and_return_on_drop() {
        let budget = Budget::new(10);
        let (mut one, mut other) = (budget.share(), budget.clone().share());
        one.grow(6).unwrap();
        assert_eq!(other.grow(5), Err(Exceeded { total: 11 }));
        other.grow(4).unwrap();
        one.shrink(2);
        assert_eq!((one.amount(), budget.used()), (4, 8));
        drop(one);
        assert_eq!(budget.used(), 4);
        assert_eq!(other.grow(u64::MAX), Err(Exceeded { total: u64::MAX }));
        drop(other);
        assert_eq!(budget.used(), 0);
    }
}
