//! The streams of an HTTP/2 connection: each is a task, and each answer has to be read.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::sleep_until;

use super::activity::Activity;
use super::limits::Limits;
use super::open::OpenConnections;

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
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for StreamTasks {
    fn execute(&self, exchange: F) {
        let Self { activity, open } = self.clone();
        activity.begin_stream();
        tokio::spawn(async move {
            let stream = OpenStream { stream: Arc::default(), activity };
            if !stream.run(exchange).await {
                // Dropping the exchange has reset the stream.
                open.stream_cut_off();
                tracing::info!(reason = "unread_answer", "a stream was cut off");
            }
        });
    }
}

/// Bytes of an answer that the client took since a moment.
#[derive(Clone, Copy, Debug)]
struct Window {
    started: Instant,
    bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    /// The answer is ready, whether it is read or not.
    answered: bool,
    /// `None` while nothing of the answer waits for the client.
    window: Option<Window>,
}

/// What a stream is doing.
#[derive(Debug, Default)]
struct Stream(Mutex<State>);

impl Stream {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something of the answer for the client, which took so much more of it.
    fn waits_for_client(&self, bytes: usize) {
        let new = Window { started: Instant::now(), bytes: 0 };
        self.lock().window.get_or_insert(new).bytes += bytes as u64;
    }

    /// The client has all that there is of the answer so far.
    fn waits_for_answer(&self) {
        self.lock().window = None;
    }

    fn due(&self, limits: &Limits) -> Option<Instant> {
        self.lock().window.map(|window| window.started + limits.write_window)
    }

    /// Whether the client took too little in the window, which is over. If not, the next one begins.
    fn is_too_slow(&self, limits: &Limits) -> bool {
        let Some(window) = &mut self.lock().window else { return false };
        let too_slow = window.bytes < limits.write_bytes;
        *window = Window { started: Instant::now(), bytes: 0 };
        too_slow
    }
}

/// A stream, until it is dropped with its task.
struct OpenStream {
    stream: Arc<Stream>,
    activity: Arc<Activity>,
}

impl OpenStream {
    /// Runs a request and its answer to their end. Returns `false` as soon as the client reads the answer
    /// too slowly.
    async fn run(&self, exchange: impl Future<Output = ()>) -> bool {
        let Self { stream, activity } = self;
        let limits = &activity.limits;
        let mut exchange = pin!(STREAM.scope(Arc::clone(stream), exchange));
        let mut timer = pin!(sleep_until(Instant::now().into()));
        poll_fn(|context| {
            if exchange.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
            while let Some(due) = stream.due(limits) {
                if timer.deadline() != due.into() {
                    timer.as_mut().reset(due.into());
                }
                ready!(timer.as_mut().poll(context));
                if stream.is_too_slow(limits) {
                    return Poll::Ready(false);
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.activity.end_stream(self.stream.lock().answered);
    }
}

/// The body of an answer. hyper asks for more of it when the client has room for it.
pub struct StreamBody {
    body: Body,
    stream: Arc<Stream>,
}

impl StreamBody {
    /// The body of the answer of the stream whose task this is.
    pub fn new(body: Body) -> Self {
        let stream = STREAM.try_with(Arc::clone).unwrap_or_default();
        stream.lock().answered = true;
        stream.waits_for_client(0);
        Self { body, stream }
    }
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.stream.waits_for_client(frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(_) | Poll::Pending => self.stream.waits_for_answer(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.stream.waits_for_answer();
    }
}
