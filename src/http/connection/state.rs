//! What a connection is doing, and what that means for its limits.

use std::time::{Duration, Instant};

use super::limits::{Expiry, Limits};
use super::stream_count::StreamCount;

/// How much longer an idle connection stays open than is announced, since a client may send a request in
/// the last moment.
const IDLE_MARGIN: Duration = Duration::from_secs(1);

/// While the server stops: the time for the head of a request that is on its way, and for discarding.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// While the server stops: how long an answer may stand of which the client reads nothing.
pub const LAST_READ: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
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
pub struct WriteWindow {
    pub started: Instant,
    pub bytes: u64,
    pub last: Instant,
    /// Whether the socket took no more at the last attempt.
    pub blocked: bool,
}

#[derive(Debug)]
pub struct State {
    pub doing: Doing,
    pub since: Instant,
    /// hyper has taken the whole answer; it is written at the next flush.
    pub answer_taken: bool,
    pub write: Option<WriteWindow>,
    pub evicted: bool,
    pub aborted: bool,
    /// Over HTTP/2: it is to close after its last request.
    pub leaves: bool,
    /// Of HTTP/2.
    pub streams: Option<StreamCount>,
}

impl State {
    /// A connection that was accepted now.
    pub fn new() -> Self {
        Self {
            doing: Doing::New,
            since: Instant::now(),
            answer_taken: false,
            write: None,
            evicted: false,
            aborted: false,
            leaves: false,
            streams: None,
        }
    }

    /// Something else begins.
    pub fn begin(&mut self, doing: Doing) {
        self.doing = doing;
        self.since = Instant::now();
        self.answer_taken = false;
        self.write = None;
    }

    /// Whether it waits for a request.
    pub fn waits(&self) -> bool {
        matches!(self.doing, Doing::New | Doing::Idle)
    }

    /// When to look at [`expired`](Self::expired) next. `closing`: since when the server closes its
    /// connections.
    pub fn due(&self, limits: &Limits, closing: Option<Instant>) -> Option<Instant> {
        let sooner = |due: Instant, last: Instant, time: Duration| {
            closing.map_or(due, |closing| due.min(last.max(closing) + time))
        };
        let since = self.since;
        match self.doing {
            Doing::New | Doing::Head => Some(sooner(since + limits.head, since, LAST_REQUEST)),
            Doing::Idle => match (&self.streams, closing) {
                // It is agreed that no further request comes.
                (Some(_), Some(closing)) => Some(since.max(closing) + LAST_REQUEST),
                (Some(streams), None) if streams.is_watched() => None,
                _ => Some(sooner(since + limits.idle + IDLE_MARGIN, since, Duration::ZERO)),
            },
            Doing::Discard => Some(sooner(since + limits.discard, since, LAST_REQUEST)),
            Doing::Exchange => {
                let write = self.write.filter(|write| write.blocked);
                let write = write.map(|write| {
                    sooner(write.started + limits.write_window, write.last, LAST_READ)
                });
                let lingering = self.streams.as_ref().and_then(StreamCount::lingering_since);
                let lingering =
                    lingering.map(|since| sooner(since + limits.write_window, since, LAST_READ));
                write.into_iter().chain(lingering).min()
            }
        }
    }

    /// Why the connection has to end now, if it has to.
    pub fn expired(&mut self, limits: &Limits, closing: Option<Instant>) -> Option<Expiry> {
        let now = Instant::now();
        if self.due(limits, closing).is_none_or(|due| now < due) {
            return None;
        }
        match self.doing {
            Doing::Idle => Some(Expiry::Idle),
            Doing::New | Doing::Head => Some(Expiry::Head),
            Doing::Discard => Some(Expiry::Discard),
            Doing::Exchange => self.unread(limits, closing, now),
        }
    }

    /// Whether the client reads too slowly: of what the socket has, or of answers that are over.
    fn unread(
        &mut self,
        limits: &Limits,
        closing: Option<Instant>,
        now: Instant,
    ) -> Option<Expiry> {
        if let Some(write) = &mut self.write
            && now >= write.started + limits.write_window
            && write.bytes >= limits.write_bytes
        {
            (write.started, write.bytes) = (now, 0);
        }
        let is_due = self.due(limits, closing).is_some_and(|due| now >= due);
        is_due.then_some(Expiry::UnreadAnswer)
    }
}
