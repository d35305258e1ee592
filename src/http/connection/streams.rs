//! The streams of an HTTP/2 connection: each is a task, and each answer has to be read.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Instant;

use hyper::rt::Executor;
use tokio::time::sleep_until;

use super::activity::Activity;
use super::open::OpenConnections;
use super::state::LAST_READ;
use super::stop::{Stage, StopSignal};
use super::stream_count::StreamEnd;

tokio::task_local! {
    /// The stream whose task this is.
    static STREAM: Arc<Stream>;
}

/// Runs the streams of a connection as tasks.
#[derive(Clone)]
pub struct StreamTasks {
    /// What the connection is doing.
    pub activity: Arc<Activity>,
    /// Counts streams that are cut off.
    pub open: Arc<OpenConnections>,
    /// How far the server has come in stopping.
    pub stop: StopSignal,
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for StreamTasks {
    fn execute(&self, exchange: F) {
        let Self { activity, open, stop } = self.clone();
        // However soon it ends, the connection is to close after it.
        if stop.stage() >= Stage::Delay {
            activity.leaves();
        }
        let stream = Stream::begin(activity);
        tokio::spawn(async move {
            if stream.run(exchange, stop).await {
                stream.is_over();
            } else {
                // Dropping the exchange has reset the stream.
                open.stream_cut_off();
                tracing::info!(reason = "unread_answer", "a stream was cut off");
            }
        });
    }
}

/// Bytes of an answer that were sent since a moment.
#[derive(Clone, Copy, Debug)]
struct Window {
    started: Instant,
    bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    end: StreamEnd,
    /// Bytes that were handed over and aren't sent.
    unsent: usize,
    /// There is more of the answer for the client.
    has_more: bool,
    /// `None` while nothing of the answer waits for the client.
    window: Option<Window>,
}

impl State {
    fn settle(&mut self) {
        if self.unsent == 0 && !self.has_more {
            self.window = None;
        } else {
            self.window.get_or_insert(Window { started: Instant::now(), bytes: 0 });
        }
    }
}

/// A stream, until nobody needs it: neither its task nor a piece of its answer.
pub struct Stream {
    state: Mutex<State>,
    activity: Arc<Activity>,
}

impl Stream {
    /// The stream whose task this is, if it is one's.
    pub fn current() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    fn begin(activity: Arc<Activity>) -> Arc<Self> {
        activity.begin_stream();
        Arc::new(Self { state: Mutex::default(), activity })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer is ready. Some only report changes.
    pub fn answers(&self, watches: bool) {
        let mut state = self.lock();
        (state.end.watched, state.has_more) = (watches, true);
        state.settle();
        if watches {
            self.activity.stream_watches();
        }
    }

    /// Nothing more of the answer is handed over. It is `complete`, or its client has gone.
    pub fn answered(&self, complete: bool) {
        let mut state = self.lock();
        (state.end.answered, state.has_more) = (complete, false);
        state.settle();
    }

    /// Whether there is more of the answer for the client.
    pub fn has_more(&self, more: bool) {
        let mut state = self.lock();
        state.has_more = more;
        state.settle();
    }

    /// A piece of the answer was handed over.
    pub fn handed_over(&self, bytes: usize) {
        self.lock().unsent += bytes;
    }

    /// A piece of the answer was sent, or nobody wants it any more.
    pub fn sent(&self, bytes: usize) {
        let mut state = self.lock();
        state.unsent -= bytes;
        if let Some(window) = &mut state.window {
            window.bytes += bytes as u64;
        }
        state.settle();
    }

    /// The task has ended; what isn't sent yet is the connection's affair.
    fn is_over(&self) {
        let mut state = self.lock();
        if state.unsent > 0 {
            state.end.lingered = true;
            self.activity.stream_lingers();
        }
    }

    /// Runs a request and its answer to their end. Returns `false` as soon as the client reads the answer
    /// too slowly; once the server closes its connections, as soon as it reads nothing for a while.
    async fn run(
        self: &Arc<Self>,
        exchange: impl Future<Output = ()>,
        mut stop: StopSignal,
    ) -> bool {
        let mut limits = self.activity.limits;
        let mut exchange = pin!(STREAM.scope(Arc::clone(self), exchange));
        let mut timer = pin!(sleep_until(Instant::now().into()));
        let mut closing = pin!(stop.reached(Stage::Closing));
        let mut closes = false;
        poll_fn(|context| {
            if exchange.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
            while let Some(window) = self.window() {
                if !closes && closing.as_mut().poll(context).is_ready() {
                    closes = true;
                    (limits.write_window, limits.write_bytes) = (LAST_READ, 1);
                    self.next_window();
                    continue;
                }
                let due = (window.started + limits.write_window).into();
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
                ready!(timer.as_mut().poll(context));
                if window.bytes < limits.write_bytes {
                    return Poll::Ready(false);
                }
                self.next_window();
            }
            Poll::Pending
        })
        .await
    }

    fn window(&self) -> Option<Window> {
        self.lock().window
    }

    fn next_window(&self) {
        let mut state = self.lock();
        state.window = None;
        state.settle();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.activity.end_stream(state.end);
    }
}
