//! A queue of log lines, bounded in bytes, and the one thread that writes them.
//!
//! Whoever logs never waits for the reader of the log: a line that doesn't fit into the queue is
//! dropped and counted, and an error of the writer is counted and otherwise ignored. So a full pipe, a
//! full disk or a reader that has gone costs log lines and nothing else.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Bytes of the lines that wait, the line that is being written included.
pub const CAPACITY: usize = 1 << 20;

/// How long the thread lets lines gather once it wakes: waking it for each of a thousand lines a second
/// takes the processor from the work that they describe.
const GATHER: Duration = Duration::from_millis(5);

/// How long to wait before writing again to a non-blocking descriptor that takes nothing.
const RETRY: Duration = Duration::from_millis(10);

/// The queue. Clones share it.
#[derive(Clone)]
pub struct LogQueue(Arc<Shared>);

struct Shared {
    capacity: usize,
    state: Mutex<State>,
    /// Notified when a line is added and none waits; the thread waits only then.
    added: Condvar,
    /// Notified when everything is written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    /// Bytes of `lines` and of the line that is being written.
    bytes: usize,
    losses: Losses,
}

/// Lines that never reached the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Lines that didn't fit into the queue.
    pub dropped: u64,
    /// Lines that could not be written.
    pub failed: u64,
}

impl LogQueue {
    /// Starts the thread, which writes to `sink` for as long as the process lives. `report` is called
    /// by that thread when lines can be written again after losses, with the losses since its last
    /// call; it may log.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(
        capacity: usize,
        sink: impl Write + Send + 'static,
        report: impl Fn(Losses) + Send + 'static,
    ) -> io::Result<Self> {
        let (state, added, written) = (Mutex::default(), Condvar::new(), Condvar::new());
        let queue = Self(Arc::new(Shared { capacity, state, added, written }));
        let shared = Arc::clone(&queue.0);
        let run = move || shared.run(sink, &report);
        thread::Builder::new().name("strata-log".to_owned()).spawn(run)?;
        Ok(queue)
    }

    /// Adds a line, or drops and counts it if the queue is full. Never waits for the writer.
    pub fn push(&self, line: Vec<u8>) {
        let mut state = self.0.lock();
        if state.bytes + line.len() > self.0.capacity {
            state.losses.dropped += 1;
            return;
        }
        let is_first = state.lines.is_empty();
        state.bytes += line.len();
        state.lines.push_back(line);
        drop(state);
        if is_first {
            self.0.added.notify_one();
        }
    }

    /// Waits until everything is written, but at most for `limit`; whether it is written.
    pub fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.0.lock();
        while state.bytes > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// All losses since the start.
    pub fn losses(&self) -> Losses {
        self.0.lock().losses
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: impl Write, report: &dyn Fn(Losses)) {
        let mut reported = Losses::default();
        // Part of a line was written before an error: the next line begins on a line of its own.
        let mut cut = false;
        loop {
            let line = self.next();
            let written = if cut { write_all(&mut sink, b"\n") } else { Ok(()) };
            let written = written.and_then(|()| write_all(&mut sink, &line));
            let losses = self.finish(line.len(), written.is_ok());
            cut = written.is_err();
            if !cut && losses != reported {
                report(Losses {
                    dropped: losses.dropped - reported.dropped,
                    failed: losses.failed - reported.failed,
                });
                reported = losses;
            }
        }
    }

    /// Waits for a line and takes it; its bytes count until [`finish`](Self::finish).
    fn next(&self) -> Vec<u8> {
        let mut state = self.lock();
        loop {
            if let Some(line) = state.lines.pop_front() {
                return line;
            }
            drop(self.added.wait(state).unwrap_or_else(PoisonError::into_inner));
            thread::sleep(GATHER);
            state = self.lock();
        }
    }

    fn finish(&self, bytes: usize, written: bool) -> Losses {
        let mut state = self.lock();
        state.bytes -= bytes;
        state.losses.failed += u64::from(!written);
        if state.bytes == 0 {
            self.written.notify_all();
        }
        state.losses
    }
}

/// [`Write::write_all`] that waits where a non-blocking descriptor takes nothing: standard error may
/// share its mode with a terminal or a pipe that another process made non-blocking.
fn write_all(sink: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match sink.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<'w> MakeWriter<'w> for LogQueue {
    type Writer = LineWriter<'w>;

    fn make_writer(&'w self) -> LineWriter<'w> {
        LineWriter { queue: self, line: Vec::new() }
    }
}

/// Collects one line, and adds it to the queue when it is dropped.
pub struct LineWriter<'q> {
    queue: &'q LogQueue,
    line: Vec<u8>,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LineWriter<'_> {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            self.queue.push(mem::take(&mut self.line));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A sink that takes one step per message: what its next `write` returns.
    struct Scripted {
        steps: Receiver<io::Result<usize>>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = self.steps.recv().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
            let _ = self.taken.send(bytes[..count].to_vec());
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Script {
        queue: LogQueue,
        steps: Sender<io::Result<usize>>,
        taken: Receiver<Vec<u8>>,
        reports: Receiver<Losses>,
    }

    fn start(capacity: usize) -> Script {
        let (steps, sink_steps) = channel();
        let (sink_taken, taken) = channel();
        let (send_report, reports) = channel();
        let sink = Scripted { steps: sink_steps, taken: sink_taken };
        let report = move |losses| {
            let _ = send_report.send(losses);
        };
        let queue = LogQueue::start(capacity, sink, report).unwrap();
        Script { queue, steps, taken, reports }
    }

    const ALL: io::Result<usize> = Ok(usize::MAX);
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn lines_that_do_not_fit_while_the_sink_stalls_are_dropped_counted_and_reported() {
        let Script { queue, steps, taken, reports } = start(10);
        for line in ["first\n", "abc\n", "dropped\n"] {
            queue.push(line.into());
        }
        assert_eq!(queue.losses(), Losses { dropped: 1, failed: 0 });
        assert!(!queue.flush(Duration::ZERO));
        steps.send(ALL).unwrap();
        steps.send(ALL).unwrap();
        assert!(queue.flush(LONG));
        let written: Vec<_> = taken.try_iter().collect();
        assert_eq!(written.concat(), b"first\nabc\n");
        assert_eq!(reports.recv_timeout(LONG), Ok(Losses { dropped: 1, failed: 0 }));
        queue.push(b"there is room again\n"[..10].to_vec());
        steps.send(ALL).unwrap();
        assert!(queue.flush(LONG));
        assert_eq!(queue.losses().dropped, 1);
    }

    #[test]
    fn a_write_error_is_counted_and_the_next_line_begins_on_its_own() {
        let Script { queue, steps, taken, reports } = start(100);
        steps.send(Ok(2)).unwrap();
        steps.send(Err(ErrorKind::StorageFull.into())).unwrap();
        queue.push(b"lost\n".to_vec());
        assert!(queue.flush(LONG));
        assert_eq!(queue.losses(), Losses { dropped: 0, failed: 1 });
        drop(steps);
        queue.push(b"next\n".to_vec());
        assert!(queue.flush(LONG));
        let written: Vec<_> = taken.try_iter().collect();
        assert_eq!(written.concat(), b"lo\nnext\n");
        assert_eq!(reports.recv_timeout(LONG), Ok(Losses { dropped: 0, failed: 1 }));
    }

    #[test]
    fn interruptions_and_a_non_blocking_sink_lose_nothing() {
        let Script { queue, steps, taken, .. } = start(100);
        for step in [Err(ErrorKind::Interrupted.into()), Err(ErrorKind::WouldBlock.into()), Ok(3)] {
            steps.send(step).unwrap();
        }
        drop(steps);
        queue.push(b"whole line\n".to_vec());
        assert!(queue.flush(LONG));
        assert_eq!(taken.try_iter().collect::<Vec<_>>().concat(), b"whole line\n");
        assert_eq!(queue.losses(), Losses::default());
    }
}
