//! How many threads candle computes with: as many as the configuration says, in both of its pools.
//! It computes the reference encoder and the fit of a head; the packed encoder has threads of its
//! own and needs nothing of this.
//!
//! Products run in rayon's global pool, which is sized here. For its other operations candle has
//! threads of its own, as many as `CANDLE_NUM_THREADS` says when the first one runs; left to itself
//! it counts the host's physical cores, whatever quota or affinity the process has.

use std::env;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

const VARIABLES: [&str; 2] = ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"];

/// Makes sure that candle will read `threads` in its environment. A process can't change its own
/// environment safely, so it starts over with another one: the same process, the same arguments.
/// To be called before any thread is started, and only where candle computes: starting over takes
/// its time.
///
/// # Errors
/// It could not start over.
pub fn pin(threads: NonZeroUsize) -> io::Result<()> {
    let wanted = threads.to_string();
    if VARIABLES.iter().all(|name| env::var(name).is_ok_and(|value| value == wanted)) {
        return Ok(());
    }
    let mut again = Command::new(env::current_exe()?);
    again.args(env::args_os().skip(1)).envs(VARIABLES.map(|name| (name, &wanted)));
    Err(again.exec())
}

/// Sizes rayon's global pool. A second model in one process computes in the first one's pool.
///
/// # Errors
/// No thread could be started, or the pool is there with another number of them.
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
