//! A few threads for the work on text that takes longer than a moment: parsing bodies, tokenising,
//! writing answers. The runtime stays free to answer, and no amount of such work starts more threads.

use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::oneshot;
use tokio::time::timeout_at;
use tracing::Span;

use super::error::ApiError;
use crate::telemetry::panics;

/// Up to this many bytes of text, prompts included, are parsed or tokenised on the runtime; more goes
/// to the threads here, so that the runtime can answer other requests. It is a few milliseconds of
/// work.
pub const INLINE_BYTES: usize = 16 * 1024;

/// One of this many threads works on text while the others compute: tokenising takes a hundredth of
/// a forward pass.
const SHARE_OF_THREADS: usize = 4;
const FEWEST_THREADS: usize = 2;
const MOST_THREADS: usize = 8;

/// The threads `strata-text-0` and on. They take jobs in the order in which they come.
pub struct TextPool(ThreadPool);

impl TextPool {
    /// Starts the threads; `cores` is how many threads compute forward passes.
    ///
    /// # Errors
    /// The system can't start a thread.
    pub fn start(cores: usize) -> Result<Self, ThreadPoolBuildError> {
        let threads = (cores / SHARE_OF_THREADS).clamp(FEWEST_THREADS, MOST_THREADS);
        let name = |at| format!("strata-text-{at}");
        ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build().map(Self)
    }

    /// Runs short work in place, and long work on one of the threads within the current span. A job
    /// whose caller has gone before it begins is not run.
    ///
    /// # Errors
    /// The deadline passed first, or long work panicked. The panic of short work is caught around the
    /// handler.
    pub async fn run<T: Send + 'static>(
        &self,
        long: bool,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        if Instant::now() >= deadline {
            return Err(ApiError::DeadlineExceeded);
        }
        if !long {
            return Ok(work());
        }
        let (sender, receiver) = oneshot::channel();
        let span = Span::current();
        self.0.spawn_fifo(move || {
            if !sender.is_closed() {
                // The caller may leave while it runs.
                let _ = sender.send(panics::catch(|| span.in_scope(work)));
            }
        });
        let done = timeout_at(deadline.into(), receiver).await;
        let done = done.map_err(|_| ApiError::DeadlineExceeded)?.map_err(ApiError::internal)?;
        done.map_err(|panicked| ApiError::internal(format!("work on a text thread {panicked}")))
    }
}
