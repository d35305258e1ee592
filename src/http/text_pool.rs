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

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::{Sender, channel};
    use std::task::Poll;
    use std::time::Duration;

    use super::*;

    fn in_an_hour() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    /// A pool all of whose threads wait until the sender is dropped.
    fn blocked() -> (TextPool, Sender<()>) {
        let pool = TextPool::start(1).unwrap();
        let (sender, receiver) = channel::<()>();
        let receiver = Arc::new(std::sync::Mutex::new(receiver));
        for _ in 0..FEWEST_THREADS {
            let receiver = Arc::clone(&receiver);
            pool.0.spawn_fifo(move || {
                // An error means that the test goes on.
                let _ = receiver.lock().unwrap().recv();
            });
        }
        (pool, sender)
    }

    #[tokio::test]
    async fn work_runs_on_a_named_thread_if_it_is_long() {
        let pool = TextPool::start(1).unwrap();
        let name = || std::thread::current().name().map(str::to_owned);
        let long = pool.run(true, in_an_hour(), name).await.unwrap().unwrap();
        assert!(long.starts_with("strata-text-"), "{long}");
        let short = pool.run(false, in_an_hour(), name).await.unwrap();
        assert_eq!(short, name());
    }

    #[tokio::test]
    async fn the_deadline_passes_also_while_all_threads_work() {
        let (pool, _blocking) = blocked();
        let soon = Instant::now() + Duration::from_millis(10);
        assert!(matches!(pool.run(true, soon, || ()).await, Err(ApiError::DeadlineExceeded)));
        let past = Instant::now();
        assert!(matches!(pool.run(false, past, || ()).await, Err(ApiError::DeadlineExceeded)));
    }

    #[tokio::test]
    async fn work_whose_caller_has_left_is_not_begun() {
        let (pool, blocking) = blocked();
        let ran = Arc::new(AtomicBool::new(false));
        {
            let ran = Arc::clone(&ran);
            let mut left =
                pin!(pool.run(true, in_an_hour(), move || ran.store(true, Ordering::SeqCst)));
            // It is queued when it is first polled.
            poll_fn(|context| Poll::Ready(left.as_mut().poll(context).is_pending())).await;
        }
        drop(blocking);
        // Jobs begin in order, so both threads have passed the first one after these.
        for _ in 0..2 * FEWEST_THREADS {
            pool.run(true, in_an_hour(), || ()).await.unwrap();
        }
        assert!(!ran.load(Ordering::SeqCst));
    }
}
