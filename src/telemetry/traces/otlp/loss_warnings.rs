//! Decides which losses of spans, and which warnings of the collector, are logged.

use std::mem;
use std::time::{Duration, Instant};

/// The time between two warnings. A collector that fails now and then would otherwise fill the log.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

/// Why spans are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There was no room, which often follows from a collector that fails or is too slow.
    Dropped,
    /// They could not be sent, or the collector rejected them.
    Failed,
}

/// What was lost since spans last reached the collector without a loss.
#[derive(Debug, Default)]
pub struct LossWarnings {
    spans: u64,
    /// Whether a span was lost since spans were last sent.
    since_last_sent: bool,
    /// Which of these losses is in the log.
    logged: Option<Loss>,
    last_warning: Option<Instant>,
    /// When a warning of the collector was last logged.
    last_warned: Option<Instant>,
}

impl LossWarnings {
    /// Spans are lost at this time. Returns whether that is to be logged: the first loss that doesn't
    /// follow the last warning within a minute, and after spans without room the first ones that could
    /// not be sent, since they show the cause.
    pub fn lost(&mut self, spans: u64, loss: Loss, now: Instant) -> bool {
        self.spans += spans;
        self.since_last_sent = true;
        let recent = is_recent(self.last_warning, now);
        let warns = match self.logged {
            None => !recent,
            Some(Loss::Dropped) => loss == Loss::Failed,
            Some(Loss::Failed) => false,
        };
        if warns {
            self.logged = Some(loss);
            self.last_warning = Some(now);
        }
        warns
    }

    /// Spans reached the collector. Returns how many were lost before, once it is over and if it is in the
    /// log: it is over if none was lost since spans were last sent.
    pub fn sent(&mut self) -> Option<u64> {
        if mem::take(&mut self.since_last_sent) || self.spans == 0 {
            return None;
        }
        let spans = mem::take(&mut self.spans);
        mem::take(&mut self.logged).map(|_| spans)
    }

    /// The collector warns at this time. Returns whether that is to be logged.
    pub fn warned(&mut self, now: Instant) -> bool {
        let warns = !is_recent(self.last_warned, now);
        if warns {
            self.last_warned = Some(now);
        }
        warns
    }
}

fn is_recent(last: Option<Instant>, now: Instant) -> bool {
    last.is_some_and(|last| now.duration_since(last) < BETWEEN_WARNINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// LossWarnings of one failed span at second 0, which are over.
    fn after_an_outage() -> (LossWarnings, Instant) {
        let (mut warnings, start) = (LossWarnings::default(), Instant::now());
        assert!(warnings.lost(1, Loss::Failed, start));
        assert_eq!((warnings.sent(), warnings.sent()), (None, Some(1)));
        (warnings, start)
    }

    #[test]
    fn an_outage_that_begins_right_after_another_is_logged_a_minute_later() {
        let (mut warnings, start) = after_an_outage();
        let logged = [1, 30, 59, 60, 61, 200]
            .map(|second| warnings.lost(1, Loss::Failed, start + second * SECOND));
        assert_eq!(logged, [false, false, false, true, false, false]);
        assert_eq!((warnings.sent(), warnings.sent()), (None, Some(6)));
    }

    #[test]
    fn an_outage_that_was_not_logged_ends_without_a_line() {
        let (mut warnings, start) = after_an_outage();
        assert!(!warnings.lost(1, Loss::Failed, start + SECOND));
        assert_eq!((warnings.sent(), warnings.sent()), (None, None));
        assert!(warnings.lost(1, Loss::Failed, start + 60 * SECOND));
    }

    #[test]
    fn a_warning_of_the_collector_is_logged_once_a_minute() {
        let (mut warnings, start) = after_an_outage();
        let logged = [1, 2, 60, 61, 62].map(|second| warnings.warned(start + second * SECOND));
        assert_eq!(logged, [true, false, false, true, false]);
    }

    #[test]
    fn the_cause_of_a_full_queue_is_logged_after_it() {
        let (mut warnings, start) = (LossWarnings::default(), Instant::now());
        let logged = [Loss::Dropped, Loss::Dropped, Loss::Failed, Loss::Dropped, Loss::Failed]
            .map(|loss| warnings.lost(1, loss, start));
        assert_eq!(logged, [true, false, true, false, false]);
    }
}
