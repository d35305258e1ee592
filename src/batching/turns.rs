//! Several batchers on the same cores: their passes take turns.
//!
//! Each pass has all threads to itself. Whose turn is next follows start-time fair queueing (Goyal, Vin and
//! Cheng, 1996): a batcher's next pass has a virtual start, the virtual time at which its last one ended or
//! the present one if it was idle; the earliest start is next. While all have something to compute, the time
//! of each is in proportion to its weight, and one that was idle waits for one pass of another.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The turns of batchers that share the cores. A clone has the same turns.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// All times are seconds.
#[derive(Debug, Default)]
struct State {
    /// The virtual start of the last pass.
    now: f64,
    /// Whether a pass is running.
    taken: bool,
    /// Who waits, by virtual start and then in the order of coming.
    waiting: BTreeSet<Waiting>,
    /// How many have come.
    come: u64,
}

/// A virtual start as bits, which are in the order of numbers that aren't negative; and a number.
type Waiting = (u64, u64);

/// One of those that take turns.
#[derive(Debug)]
pub struct Participant {
    shared: Arc<Shared>,
    weight: f64,
    /// When its last pass ended, in virtual time.
    ended: f64,
    /// Its place among those who wait.
    waiting: Option<Waiting>,
}

impl Turns {
    /// A further batcher, which gets time in proportion to `weight` while others compute too.
    pub fn join(&self, weight: f64) -> Participant {
        Participant { shared: Arc::clone(&self.0), weight, ended: 0.0, waiting: None }
    }
}

impl Participant {
    /// Waits for the next turn, which lasts until it is dropped.
    pub fn take(&mut self) -> Turn<'_> {
        let came = Instant::now();
        let mut state = self.shared.lock();
        let waiting = self.waiting.take().unwrap_or_else(|| state.enter(self.ended));
        while state.taken || state.waiting.first() != Some(&waiting) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.remove(&waiting);
        let start = f64::from_bits(waiting.0);
        (state.taken, state.now) = (true, start);
        drop(state);
        let (began, waited) = (Instant::now(), came.elapsed());
        Turn { participant: self, start, began, waited, again: false }
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
    /// The place of one whose last pass ended at this virtual time.
    fn enter(&mut self, ended: f64) -> Waiting {
        let waiting = (self.now.max(ended).to_bits(), self.come);
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
    start: f64,
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
        let Participant { shared, weight, ended, waiting } = &mut *self.participant;
        *ended = self.start + self.began.elapsed().as_secs_f64() / *weight;
        let mut state = shared.lock();
        state.taken = false;
        *waiting = self.again.then(|| state.enter(*ended));
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
        let (turns, stop) = (Turns::default(), AtomicBool::new(false));
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

    #[test]
    fn who_was_idle_waits_for_the_pass_that_runs_and_saves_up_nothing() {
        let turns = Turns::default();
        let (mut busy, mut idle) = (turns.join(1.0), turns.join(1.0));
        for _ in 0..20 {
            let _turn = busy.take();
            thread::sleep(PASS);
        }
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let running = busy.take();
            let others = scope.spawn(|| {
                for _ in 0..4 {
                    let _turn = idle.take();
                    order.lock().unwrap().push("idle");
                    thread::sleep(PASS);
                }
            });
            while turns.0.lock().waiting.is_empty() {
                thread::sleep(PASS);
            }
            drop(running);
            for _ in 0..4 {
                let _turn = busy.take();
                order.lock().unwrap().push("busy");
                thread::sleep(PASS);
            }
            others.join().unwrap();
        });
        let order = order.into_inner().unwrap();
        // The one that waited first is next, and then they alternate: idle time isn't made up for.
        assert_eq!(order[0], "idle");
        assert!(order[1..3].contains(&"busy"), "{order:?}");
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
