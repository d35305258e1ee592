//! Measures time.

use std::time::{Duration, Instant};

/// Runs are repeated until a measurement takes at least this long.
const SHORTEST: Duration = Duration::from_millis(5);

const MEASUREMENTS: usize = 15;

/// Seconds per run: the fastest of several measurements, since other processes can only slow a run
/// down.
pub fn fastest_seconds(mut run: impl FnMut()) -> f64 {
    let mut measure = |runs: u32| {
        let started = Instant::now();
        for _ in 0..runs {
            run();
        }
        started.elapsed()
    };
    let mut runs = 1;
    while measure(runs) < SHORTEST {
        runs *= 2;
    }
    let seconds = (0..MEASUREMENTS).map(|_| measure(runs).as_secs_f64() / f64::from(runs));
    seconds.fold(f64::INFINITY, f64::min)
}
