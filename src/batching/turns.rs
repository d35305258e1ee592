//! Several batchers on the same cores: their passes take turns.
//!
//! Each pass has all threads to itself. Who waits longest is next, so that a request waits for one pass of
//! another batcher at most. Only who has had much more than its part must wait longer: as in start-time fair
//! queueing (Goyal, Vin and Cheng, 1996), virtual time says how much each has had, divided by its weight, and
//! who is ahead of the others by more than `AHEAD` comes after them. So the time of each is in proportion to
//! its weight as long as all have something to compute. Once nobody waits, all are equal again.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Seconds of virtual time by which a batcher may be ahead of others and still be their equal. Without it, one
/// with long passes would wait after each until others had as much time, in many short passes.
const AHEAD: f64 = 0.5;

/// The turns of batchers that share the cores. A clone has the same turns.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Seconds of virtual time by which one may be ahead.
    ahead: f64,
    state: Mutex<State>,
    changed: Condvar,
}

/// All times are seconds.
#[derive(Debug, Default)]
struct State {
    /// The rank of the last pass.
    now: f64,
    /// How often nobody has waited any more.
    epoch: u64,
    /// Whether a pass is running.
    taken: bool,
    /// Who waits, by rank and then in the order of coming.
    waiting: BTreeSet<Waiting>,
    /// How many have come.
    come: u64,
}

/// A rank, a virtual time, as bits, which are in the order of numbers that aren't negative; and a number.
type Waiting = (u64, u64);

/// One of those that take turns.
#[derive(Debug)]
pub struct Participant {
    shared: Arc<Shared>,
    weight: f64,
    /// How much it has had, in virtual time, and in which epoch.
    had: f64,
    epoch: u64,
    /// Its place among those who wait.
    waiting: Option<Waiting>,
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(AHEAD)
    }
}

impl Turns {
    fn new(ahead: f64) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::default());
        Self(Arc::new(Shared { ahead, state, changed }))
    }

    /// A further batcher, which gets time in proportion to `weight` while others compute too.
    pub fn join(&self, weight: f64) -> Participant {
        Participant { shared: Arc::clone(&self.0), weight, had: 0.0, epoch: 0, waiting: None }
    }
}

impl Participant {
    /// Waits for the next turn, which lasts until it is dropped.
    pub fn take(&mut self) -> Turn<'_> {
        let came = Instant::now();
        let mut state = self.shared.lock();
        let waiting = self
            .waiting
            .take()
            .unwrap_or_else(|| state.enter(self.had - self.shared.ahead, self.epoch));
        while state.taken || state.waiting.first() != Some(&waiting) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.remove(&waiting);
        (state.taken, state.now) = (true, f64::from_bits(waiting.0));
        drop(state);
        let (began, waited) = (Instant::now(), came.elapsed());
        Turn { participant: self, began, waited, again: false }
    }

    /// Wants no turn after all.
    pub fn leave(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.shared.lock().waiting.remove(&waiting);
            self.shared.changed.notify_all();
        }
    }
}

impl State {
    /// A place by the rank that one has in an epoch; before it, it has none.
    fn enter(&mut self, rank: f64, epoch: u64) -> Waiting {
        let rank = if epoch == self.epoch { self.now.max(rank) } else { self.now };
        let waiting = (rank.to_bits(), self.come);
        self.come += 1;
        self.waiting.insert(waiting);
        waiting
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn. Dropping it ends it.
#[derive(Debug)]
pub struct Turn<'p> {
    participant: &'p mut Participant,
    began: Instant,
    /// How long it was waited for.
    pub waited: Duration,
    again: bool,
}

impl Turn<'_> {
    /// Ends the turn. If another one is wanted `again`, its place is taken at once: between two passes there
    /// is a moment in which whoever waits would always come first.
    pub fn end(mut self, again: bool) {
        self.again = again;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let Participant { shared, weight, had, epoch, waiting } = &mut *self.participant;
        let mut state = shared.lock();
        if *epoch != state.epoch {
            (*had, *epoch) = (state.now, state.epoch);
        }
        *had = had.max(state.now) + self.began.elapsed().as_secs_f64() / *weight;
        state.taken = false;
        if state.waiting.is_empty() && !self.again {
            state.epoch += 1;
        }
        *waiting = self.again.then(|| state.enter(*had - shared.ahead, *epoch));
        drop(state);
        shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;

    use super::*;

    const PASS: Duration = Duration::from_millis(2);

    #[test]
    fn who_is_busy_gets_time_by_weight() {
        let (turns, stop) = (Turns::new(0.01), AtomicBool::new(false));
        let weights = [1.0, 3.0];
        let passes = [(); 2].map(|()| AtomicU64::new(0));
        thread::scope(|scope| {
            for (weight, passes) in weights.into_iter().zip(&passes) {
                let (mut participant, stop) = (turns.join(weight), &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let turn = participant.take();
                        thread::sleep(PASS);
                        passes.fetch_add(1, Ordering::Relaxed);
                        turn.end(true);
                    }
                    participant.leave();
                });
            }
            while passes.iter().map(|passes| passes.load(Ordering::Relaxed)).sum::<u64>() < 200 {
                thread::sleep(PASS);
            }
            stop.store(true, Ordering::Relaxed);
        });
        let [light, heavy] = passes.map(|passes| passes.into_inner() as f64);
        assert!((2.5..3.5).contains(&(heavy / light)), "{heavy} / {light}");
    }

    /// Otherwise one with long passes would wait for many short ones.
    #[test]
    fn who_waits_longest_is_next_however_long_passes_are() {
        let turns = Turns::default();
        let order = Mutex::new(String::new());
        thread::scope(|scope| {
            let mut first = turns.join(1.0);
            let running = first.take();
            let busy = [('l', 8 * PASS), ('s', PASS)].map(|(name, pass)| {
                let (mut participant, order) = (turns.join(1.0), &order);
                let busy = scope.spawn(move || {
                    for left in (0..6).rev() {
                        let turn = participant.take();
                        order.lock().unwrap().push(name);
                        thread::sleep(pass);
                        turn.end(left > 0);
                    }
                });
                let waiting = turns.0.lock().waiting.len();
                while turns.0.lock().waiting.len() == waiting {
                    thread::sleep(PASS);
                }
                busy
            });
            drop(running);
            busy.into_iter().for_each(|thread| thread.join().unwrap());
        });
        assert_eq!(order.into_inner().unwrap(), "lslslslslsls");
    }

    #[test]
    fn who_had_much_while_nobody_waited_is_an_equal() {
        let turns = Turns::new(0.0);
        let (mut busy, mut idle) = (turns.join(1.0), turns.join(1.0));
        for _ in 0..5 {
            let _turn = busy.take();
            thread::sleep(PASS);
        }
        let order = Mutex::new(String::new());
        thread::scope(|scope| {
            let running = idle.take();
            scope.spawn(|| {
                let _turn = busy.take();
                order.lock().unwrap().push('b');
            });
            while turns.0.lock().waiting.is_empty() {
                thread::sleep(PASS);
            }
            // It comes after the one that waits already, as it has just had a turn.
            running.end(true);
            let _turn = idle.take();
            order.lock().unwrap().push('i');
        });
        assert_eq!(order.into_inner().unwrap(), "bi");
    }

    #[test]
    fn a_turn_ends_if_its_pass_panics() {
        let turns = Turns::default();
        let mut first = turns.join(1.0);
        let panics = thread::spawn(move || {
            let _turn = first.take();
            std::panic::resume_unwind(Box::new("a pass"));
        });
        assert!(panics.join().is_err());
        assert!(turns.join(1.0).take().waited < Duration::from_secs(60));
    }
}
