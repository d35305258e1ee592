//! Figures beside what is demanded.

use std::cell::Cell;

thread_local! {
    static MISSED: Cell<usize> = const { Cell::new(0) };
}

pub fn at_most(name: &str, value: f64, limit: f64) {
    report(name, value, &format!("at most {limit:.3}"), value <= limit);
}

pub fn at_least(name: &str, value: f64, limit: f64) {
    report(name, value, &format!("at least {limit:.3}"), value >= limit);
}

/// Memory in the end compared with that at a quarter: at most 5 % or 8 MB more.
pub fn flat_memory(quarter: f64, end: f64) {
    let limit = quarter + (0.05 * quarter).max(8e6);
    println!("  memory: {:.1} MB at a quarter, {:.1} MB at the end", quarter / 1e6, end / 1e6);
    at_most("memory at the end in MB", end / 1e6, limit / 1e6);
}

fn report(name: &str, value: f64, demanded: &str, met: bool) {
    let verdict = if met { "met" } else { "MISSED" };
    println!("  {verdict:<6} {name}: {value:.3} ({demanded})");
    if !met {
        MISSED.set(MISSED.get() + 1);
    }
}

/// How many figures missed what is demanded.
pub fn missed() -> usize {
    MISSED.get()
}
