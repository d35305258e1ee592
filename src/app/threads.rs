//! Sets the number of threads that candle computes with, in both of its pools, as configured. candle
//! computes the reference encoder and fits heads; the packed encoder has its own threads and does not
//! need this.
//!
//! candle's matrix products run in rayon's global pool, whose size is set here. For other operations
//! candle starts its own threads, `CANDLE_NUM_THREADS` of them. Without that variable it counts the
//! host's physical cores and ignores the quota and affinity of the process.

use std::env;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Makes sure that candle finds `threads` in its environment. A process can't change its own
/// environment safely, so it executes itself again with the variables set, with the same process id and
/// arguments. Call this before any thread is started, and only if candle computes, since a second start
/// takes time.
///
/// # Errors
/// The process could not execute itself.
pub fn pin(threads: NonZeroUsize) -> io::Result<()> {
    let wanted = threads.to_string();
    if VARIABLES.iter().all(|name| env::var(name).is_ok_and(|value| value == wanted)) {
        return Ok(());
    }
    let mut again = Command::new(env::current_exe()?);
    again.args(env::args_os().skip(1)).envs(VARIABLES.map(|name| (name, &wanted)));
    Err(again.exec())
}

/// Sets the size of rayon's global pool. Two models in one process share it.
///
/// # Errors
/// A thread could not be started, or the pool exists with another number of threads.
pub fn size_pool(threads: NonZeroUsize) -> Result<(), ThreadPoolBuildError> {
    let built = ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(|index| format!("strata-compute-{index}"))
        .build_global();
    match built {
        Err(_) if rayon::current_num_threads() == threads.get() => Ok(()),
        built => built,
    }
}
