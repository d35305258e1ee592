//! The memory that all requests may hold together: bodies, parsed inputs, tokens and answers.
//!
//! Whoever holds such memory holds a [`MemoryCharge`] beside it, which releases its bytes when it is
//! dropped. So no way of losing a request can leak a part of the budget.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;

use crate::telemetry::metrics::encode_gauges;

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the memory for requests is used up")]
pub struct MemoryFull;

/// How many bytes requests may hold, and how many they hold now.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: usize,
    used: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `limit` bytes, none of them in use.
    pub fn new(limit: NonZeroUsize) -> Arc<Self> {
        Arc::new(Self { limit: limit.get(), used: AtomicUsize::new(0) })
    }

    /// Bytes that requests may hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that requests hold now. It can be above the limit by what answers are larger than
    /// estimated.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// A charge of no bytes, to grow.
    pub fn charge(self: &Arc<Self>) -> MemoryCharge {
        MemoryCharge { budget: Arc::clone(self), bytes: 0 }
    }

    /// Adds the limit and what is in use to the metrics.
    pub fn register(self: &Arc<Self>, registry: &mut Registry) {
        registry.register_collector(Box::new(MemoryCollector(Arc::clone(self))));
    }

    fn try_add(&self, bytes: usize) -> Result<(), MemoryFull> {
        let add = |used: usize| used.checked_add(bytes).filter(|&total| total <= self.limit);
        self.used.fetch_update(Relaxed, Relaxed, add).map(drop).map_err(|_| MemoryFull)
    }
}

#[derive(Debug)]
struct MemoryCollector(Arc<MemoryBudget>);

impl Collector for MemoryCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let (used, limit) = (self.0.used() as f64, self.0.limit() as f64);
        let gauges = [
            ("strata_memory_used_bytes", "Bytes that requests hold.", used),
            ("strata_memory_limit_bytes", "Bytes that requests may hold.", limit),
        ];
        encode_gauges(&mut encoder, gauges)
    }
}

/// A part of the budget. Dropping it releases its bytes.
#[derive(Debug)]
pub struct MemoryCharge {
    budget: Arc<MemoryBudget>,
    bytes: usize,
}

impl MemoryCharge {
    /// A charge of no bytes on the same budget.
    pub fn another(&self) -> Self {
        self.budget.charge()
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `more` bytes from the budget.
    ///
    /// # Errors
    /// The budget has too few left. The charge is then as before.
    pub fn try_grow(&mut self, more: usize) -> Result<(), MemoryFull> {
        self.budget.try_add(more)?;
        self.bytes += more;
        Ok(())
    }

    /// Grows or shrinks to `bytes`. Shrinking always succeeds.
    ///
    /// # Errors
    /// The budget has too few left. The charge is then as before.
    pub fn try_resize(&mut self, bytes: usize) -> Result<(), MemoryFull> {
        if let Some(more) = bytes.checked_sub(self.bytes) {
            return self.try_grow(more);
        }
        drop(self.split(self.bytes - bytes));
        Ok(())
    }

    /// A charge of `bytes` for a part of what this one was made for. If this one holds fewer, the rest
    /// comes from the budget even if that is used up: the part already exists.
    pub fn split(&mut self, bytes: usize) -> Self {
        let own = bytes.min(self.bytes);
        self.bytes -= own;
        self.budget.used.fetch_add(bytes - own, Relaxed);
        Self { budget: Arc::clone(&self.budget), bytes }
    }
}

impl Drop for MemoryCharge {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(limit: usize) -> Arc<MemoryBudget> {
        MemoryBudget::new(NonZeroUsize::new(limit).unwrap())
    }

    #[test]
    fn charges_share_the_budget_and_release_it_when_dropped() {
        let budget = budget(10);
        let (mut first, mut second) = (budget.charge(), budget.charge());
        assert_eq!(first.try_grow(6), Ok(()));
        assert_eq!(second.try_grow(5), Err(MemoryFull));
        assert_eq!((second.bytes(), budget.used()), (0, 6));
        assert_eq!(second.try_grow(4), Ok(()));
        assert_eq!(second.try_grow(usize::MAX), Err(MemoryFull));
        drop(first);
        assert_eq!(second.try_grow(6), Ok(()));
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_charge_can_always_shrink() {
        let budget = budget(10);
        let mut charge = budget.charge();
        assert_eq!(charge.try_resize(11), Err(MemoryFull));
        charge.try_resize(10).unwrap();
        charge.try_resize(3).unwrap();
        assert_eq!((charge.bytes(), budget.used()), (3, 3));
    }

    #[test]
    fn a_part_comes_from_its_charge_first_and_then_from_the_budget_in_any_case() {
        let budget = budget(10);
        let mut charge = budget.charge();
        charge.try_grow(8).unwrap();
        let part = charge.split(5);
        assert_eq!((charge.bytes(), part.bytes(), budget.used()), (3, 5, 8));
        let larger = charge.split(9);
        assert_eq!((charge.bytes(), larger.bytes(), budget.used()), (0, 9, 14));
        drop((charge, part, larger));
        assert_eq!(budget.used(), 0);
    }
}
