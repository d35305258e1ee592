//! What a connection is doing, and until when it has to go on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::limits::{Expiry, Limits};
use super::stream_count::StreamCount;

/// How much longer an idle connection stays open than is announced, since a client may send a request in
/// the last moment.
const IDLE_MARGIN: Duration = Duration::from_secs(1);

/// While the server stops: the time for the head of a request that is on its way, and for discarding.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// While the server stops: how long an answer may stand of which the client reads nothing.
const LAST_READ: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// Nothing has arrived yet.
    New,
    /// Waiting for the next request.
    Idle,
    /// A head is arriving.
    Head,
    /// A head has arrived, and its answer isn't written yet.
    Exchange,
    /// Everything is written; what still arrives is thrown away.
    Discard,
}

/// Bytes that the client took while there was more to write.
#[derive(Clone, Copy, Debug)]
struct WriteWindow {
    started: Instant,
    bytes: u64,
    last: Instant,
    /// Whether the socket took no more at the last attempt.
    blocked: bool,
}

#[derive(Debug)]
struct State {
    doing: Doing,
    since: Instant,
    /// hyper has taken the whole answer; it is written at the next flush.
    answer_taken: bool,
    write: Option<WriteWindow>,
    evicted: bool,
    aborted: bool,
    /// Of HTTP/2.
    streams: Option<StreamCount>,
}

/// What one connection is doing. Shared by its stream, its requests and its task.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
    /// The limits of the connection.
    pub limits: Limits,
    eviction: Notify,
}

impl Activity {
    /// A connection that was accepted now.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            doing: Doing::New,
            since: Instant::now(),
            answer_taken: false,
            write: None,
            evicted: false,
            aborted: false,
            streams: None,
        };
        Self { state: Mutex::new(state), limits, eviction: Notify::new() }
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
    pub fn speaks_http2(&self) {
        let mut state = self.lock();
        state.streams = Some(StreamCount::new());
        state.begin(Doing::Idle);
    }

    /// A head has arrived on a stream.
    pub fn begin_stream(&self) {
        let mut state = self.lock();
        let Some(streams) = &mut state.streams else { return };
        if streams.begin() {
            state.begin(Doing::Exchange);
        }
    }

    /// A stream has ended, with an answer or without one.
    pub fn end_stream(&self, answered: bool) {
        let mut state = self.lock();
        let Some(streams) = &mut state.streams else { return };
        if streams.end(answered) && state.doing == Doing::Exchange {
            state.begin(Doing::Idle);
        }
    }

    /// Whether the client has begun and cancelled too many requests.
    pub fn is_flooded(&self) -> bool {
        self.lock().streams.as_ref().is_some_and(StreamCount::is_flooded)
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
        let mut state = self.lock();
        let now = Instant::now();
        if state.due(&self.limits, closing).is_none_or(|due| now < due) {
            return None;
        }
        match state.doing {
            Doing::Idle => Some(Expiry::Idle),
            Doing::New | Doing::Head => Some(Expiry::Head),
            Doing::Discard => Some(Expiry::Discard),
            Doing::Exchange => {
                let write = state.write.as_mut()?;
                let window_is_over = now >= write.started + self.limits.write_window;
                if window_is_over && write.bytes >= self.limits.write_bytes {
                    (write.started, write.bytes) = (now, 0);
                    return None;
                }
                Some(Expiry::UnreadAnswer)
            }
        }
    }
}

impl State {
    fn begin(&mut self, doing: Doing) {
        self.doing = doing;
        self.since = Instant::now();
        self.answer_taken = false;
        self.write = None;
    }

    fn waits(&self) -> bool {
        matches!(self.doing, Doing::New | Doing::Idle)
    }

    fn due(&self, limits: &Limits, closing: Option<Instant>) -> Option<Instant> {
        let sooner = |due: Instant, last: Instant, time: Duration| {
            closing.map_or(due, |closing| due.min(last.max(closing) + time))
        };
        let since = self.since;
        match self.doing {
            Doing::New | Doing::Head => Some(sooner(since + limits.head, since, LAST_REQUEST)),
            Doing::Idle => {
                // Over HTTP/2 it is agreed that no further request comes.
                let last = if self.streams.is_some() { LAST_REQUEST } else { Duration::ZERO };
                match closing {
                    Some(closing) if self.streams.is_some() => Some(since.max(closing) + last),
                    _ => Some(sooner(since + limits.idle + IDLE_MARGIN, since, last)),
                }
            }
            Doing::Discard => Some(sooner(since + limits.discard, since, LAST_REQUEST)),
            Doing::Exchange => {
                let write = self.write.filter(|write| write.blocked)?;
                Some(sooner(write.started + limits.write_window, write.last, LAST_READ))
            }
        }
    }
}
