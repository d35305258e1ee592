//! What a connection is doing, and until when it has to go on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use super::limits::{Expiry, Limits};
use super::state::{Doing, State, WriteWindow};
use super::stream_count::StreamCount;
#[cfg(feature = "grpc")]
use super::stream_count::StreamEnd;

/// What one connection is doing. Shared by its stream, its requests and its task.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
    /// The limits of the connection.
    pub limits: Limits,
    eviction: Notify,
    change: Notify,
}

impl Activity {
    /// A connection that was accepted now.
    pub fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State::new()),
            limits,
            eviction: Notify::new(),
            change: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes arrived.
    pub fn read(&self) {
        let mut state = self.lock();
        // Over HTTP/2, a head that arrives slowly doesn't make an idle connection a busy one.
        if state.waits() && state.streams.is_none() {
            state.begin(Doing::Head);
        }
    }

    /// The client speaks HTTP/2.
    #[cfg(feature = "grpc")]
    pub fn speaks_http2(&self) {
        let mut state = self.lock();
        state.streams = Some(StreamCount::new());
        state.begin(Doing::Idle);
    }

    /// A head has arrived on a stream.
    #[cfg(feature = "grpc")]
    pub fn begin_stream(&self) {
        self.change(StreamCount::begin);
    }

    /// A stream only reports changes.
    #[cfg(feature = "grpc")]
    pub fn stream_watches(&self) {
        self.change(StreamCount::watches);
    }

    /// A stream is over, but a part of its answer isn't sent.
    #[cfg(feature = "grpc")]
    pub fn stream_lingers(&self) {
        self.change(StreamCount::lingers);
    }

    /// A stream has ended.
    #[cfg(feature = "grpc")]
    pub fn end_stream(&self, end: StreamEnd) {
        self.change(|streams| streams.end(end));
    }

    #[cfg(feature = "grpc")]
    fn change(&self, change: impl FnOnce(&mut StreamCount)) {
        let mut state = self.lock();
        let Some(streams) = &mut state.streams else { return };
        change(streams);
        let is_idle = streams.is_idle();
        match state.doing {
            Doing::Exchange if is_idle => state.begin(Doing::Idle),
            Doing::Idle if !is_idle => state.begin(Doing::Exchange),
            _ => {}
        }
        drop(state);
        self.change.notify_one();
    }

    /// Waits until a stream begins, changes or ends.
    pub async fn changed(&self) {
        self.change.notified().await;
    }

    /// Whether the client has cancelled too many requests.
    pub fn is_flooded(&self) -> bool {
        self.lock().streams.as_ref().is_some_and(StreamCount::is_flooded)
    }

    /// Lets the client cancel a few more requests, since it was asked to leave.
    pub fn forgive(&self) {
        if let Some(streams) = &mut self.lock().streams {
            streams.forgive();
        }
    }

    /// A head has arrived. Returns when its first byte came.
    pub fn request(&self) -> Instant {
        let mut state = self.lock();
        // A request that was sent behind another begins when it is its turn.
        let first = if state.doing == Doing::Head { state.since } else { Instant::now() };
        state.begin(Doing::Exchange);
        first
    }

    /// hyper has taken the whole answer.
    pub fn answer_taken(&self) {
        self.lock().answer_taken = true;
    }

    /// The socket took bytes.
    pub fn wrote(&self, bytes: usize) {
        if let Some(write) = &mut self.lock().write {
            write.bytes += bytes as u64;
            write.last = Instant::now();
            write.blocked = false;
        }
    }

    /// The socket takes no more for now.
    pub fn write_blocked(&self) {
        let now = Instant::now();
        let new = WriteWindow { started: now, bytes: 0, last: now, blocked: true };
        self.lock().write.get_or_insert(new).blocked = true;
    }

    /// Everything that hyper had is with the socket.
    pub fn flushed(&self) {
        let mut state = self.lock();
        if state.streams.is_some() {
            state.write = None;
        } else if state.doing == Doing::Exchange && state.answer_taken {
            state.begin(Doing::Idle);
        }
    }

    /// The server has closed its half.
    pub fn discards(&self) {
        self.lock().begin(Doing::Discard);
    }

    /// Since when the connection waits for a request, if it does, and wasn't chosen to be closed yet.
    pub fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.waits() && !state.evicted).then_some(state.since)
    }

    /// A request has come while the server stops: the connection is to close after it.
    #[cfg(feature = "grpc")]
    pub fn leaves(&self) {
        self.lock().leaves = true;
    }

    /// Whether the connection has a request, or had its last one, while the server stops.
    pub fn closes_after_request(&self) -> bool {
        let state = self.lock();
        state.leaves || state.doing == Doing::Exchange
    }

    /// Whether a request has no answer, or one that isn't written yet.
    pub fn is_busy(&self) -> bool {
        self.lock().doing == Doing::Exchange
    }

    /// Asks the connection to end if it waits for a request.
    pub fn evict(&self) {
        self.lock().evicted = true;
        self.eviction.notify_one();
    }

    /// Waits until the connection is asked to end while it waits for a request.
    pub async fn evicted(&self) {
        loop {
            self.eviction.notified().await;
            let mut state = self.lock();
            if state.waits() {
                return;
            }
            state.evicted = false;
        }
    }

    /// The connection ends with unread bytes, which the system need not keep.
    pub fn abort(&self) {
        self.lock().aborted = true;
    }

    /// Whether the connection ends with unread bytes.
    pub fn is_aborted(&self) -> bool {
        self.lock().aborted
    }

    /// When to look at [`expired`](Self::expired) next. `closing`: since when the server closes its
    /// connections.
    pub fn due(&self, closing: Option<Instant>) -> Option<Instant> {
        self.lock().due(&self.limits, closing)
    }

    /// Why the connection has to end now, if it has to.
    pub fn expired(&self, closing: Option<Instant>) -> Option<Expiry> {
        self.lock().expired(&self.limits, closing)
    }
}
