//! A limit of so many units a second, by governor.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// Units a second, more than 0 and at most [`Rate::MAX`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// The largest rate: beyond it the time of a unit is too short to be counted in nanoseconds.
    pub const MAX: f64 = 1e7;

    /// The smallest rate: a unit an hour.
    pub const MIN: f64 = 1.0 / 3600.0;

    /// A rate, if it is allowed.
    pub fn new(per_second: f64) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&per_second).then_some(Self(per_second))
    }

    /// Units a second.
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// As many at once as a second has, but at least one.
    fn quota(self) -> Quota {
        // `as` rounds down and saturates.
        let burst = NonZeroU32::new(self.0 as u32).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_secs_f64(1.0 / self.0);
        // `None` only for a period of zero.
        Quota::with_period(period).unwrap_or(Quota::per_second(burst)).allow_burst(burst)
    }
}

/// When the bucket is full again, in nanoseconds since it was made: GCRA's theoretical arrival time.
/// Unlike governor's own store it can be set back, and set forth beyond what the quota allows.
#[derive(Clone, Debug, Default)]
struct Level(Arc<Mutex<Option<Nanos>>>);

impl Level {
    fn get(&self) -> Option<Nanos> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, level: Option<Nanos>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = level;
    }
}

impl StateStore for Level {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut level = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (answer, next) = decide(*level)?;
        *level = Some(next);
        Ok(answer)
    }
}

/// What is left of a limit. Its owner calls it from one thread at a time.
#[derive(Debug)]
pub struct Bucket<C: Clock> {
    limiter: RateLimiter<NotKeyed, Level, C, NoOpMiddleware<C::Instant>>,
    level: Level,
    /// When it was made.
    start: C::Instant,
    /// The time of one unit, in nanoseconds.
    unit: u64,
}

/// The state of a [`Bucket`] before a charge.
pub struct Before(Option<Nanos>);

impl<C: Clock> Bucket<C> {
    /// A full bucket.
    pub fn new(rate: Rate, clock: C) -> Self {
        let (quota, level, start) = (rate.quota(), Level::default(), clock.now());
        let limiter = RateLimiter::new(quota, level.clone(), clock);
        let unit = Nanos::from(quota.replenish_interval()).as_u64().max(1);
        Self { limiter, level, start, unit }
    }

    /// Takes `units`, if at least one is there; what is missing of the others is owed, and delays the next
    /// charge.
    ///
    /// # Errors
    /// None is there: the time until there is one. Nothing is taken.
    pub fn charge(&self, units: usize) -> Result<Before, Duration> {
        let before = self.level.get();
        self.limiter.check().map_err(|full| full.wait_time_from(self.limiter.clock().now()))?;
        self.owe(units.saturating_sub(1) as f64);
        Ok(Before(before))
    }

    /// Takes a charge back.
    pub fn undo(&self, before: Before) {
        self.level.set(before.0);
    }

    /// The units that are missing until the bucket is full.
    pub fn owed(&self) -> f64 {
        self.level().saturating_sub(self.now()) as f64 / self.unit as f64
    }

    /// Takes `units` whether they are there or not.
    pub fn owe(&self, units: f64) {
        let full = self.level().max(self.now());
        // `as` saturates, at more than five hundred years.
        let level = full.saturating_add((units * self.unit as f64) as u64);
        self.level.set(Some(Nanos::new(level)));
    }

    /// When the bucket is full, in nanoseconds since it was made.
    fn level(&self) -> u64 {
        self.level.get().map_or(0, Nanos::as_u64)
    }

    fn now(&self) -> u64 {
        self.limiter.clock().now().duration_since(self.start).as_u64()
    }
}
