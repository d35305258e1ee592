//! The answer to a submission.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::attempt::EngineError;
use super::load::Load;

pub(super) type Reply<O> = Result<Computed<O>, Failed>;

/// The outputs of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed<O> {
    /// One output per sequence, in the order of the submission.
    pub outputs: Vec<O>,
    /// How long it waited and how long it was computed.
    pub timings: Timings,
    /// How many passes held at least one of its sequences.
    pub passes: u32,
}

/// The time between submission and answer, which is `queue + forward`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Waiting for the first pass and between passes.
    pub queue: Duration,
    /// In the passes that held at least one of its sequences.
    pub forward: Duration,
}

/// When the first pass with a sequence of a submission began; a clone is of the same submission. Known
/// also if there are never any outputs.
#[derive(Clone, Debug, Default)]
pub struct FirstPass(Arc<OnceLock<Instant>>);

impl FirstPass {
    /// When it began; `None` if all sequences wait.
    pub fn began(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    /// A pass begins. Later ones change nothing.
    pub(super) fn begins(&self) {
        self.0.get_or_init(Instant::now);
    }
}

/// Why a submission has no outputs.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Its deadline passed first.
    #[error("the deadline passed before the answer was computed")]
    Deadline,
    /// The engine failed on this sequence, even alone.
    #[error("sequence {index} could not be computed")]
    Engine {
        /// Index of the sequence in the submission; the first one, if several failed.
        index: usize,
        /// The error of this sequence when it was computed alone.
        #[source]
        cause: EngineError,
    },
    /// The worker panicked outside of a pass, and lost the submission.
    #[error("the worker panicked before the answer was computed")]
    Lost,
    /// The worker ended while the submission waited.
    #[error("the worker stopped before the answer was computed")]
    Stopped,
}

/// An answer that is still being computed.
///
/// It resolves at its deadline even while the worker is busy. So if there is a deadline, it has to be
/// polled on a tokio runtime with time enabled. Dropping it removes its waiting sequences from the
/// queue.
#[derive(Debug)]
#[must_use = "dropping it abandons the submission"]
pub struct Pending<O> {
    reply: oneshot::Receiver<Reply<O>>,
    deadline: Option<Instant>,
    load: Option<Arc<Load>>,
    first_pass: FirstPass,
    /// Created at the first poll, because a runtime is certain to exist only then.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<O> Pending<O> {
    pub(super) fn new(
        reply: oneshot::Receiver<Reply<O>>,
        deadline: Option<Instant>,
        load: Arc<Load>,
        first_pass: FirstPass,
    ) -> Self {
        Self { reply, deadline, load: Some(load), first_pass, timer: None }
    }

    /// The answer to a submission without sequences.
    pub(super) fn empty() -> Self {
        let (sender, reply) = oneshot::channel();
        // This can't fail, since the receiver still exists.
        let _ = sender.send(Ok(Computed {
            outputs: Vec::new(),
            timings: Timings::default(),
            passes: 0,
        }));
        Self { reply, deadline: None, load: None, first_pass: FirstPass::default(), timer: None }
    }

    /// When its first pass begins.
    pub fn first_pass(&self) -> FirstPass {
        self.first_pass.clone()
    }

    /// The reply, if there is one already.
    #[cfg(test)]
    pub(super) fn try_take(&mut self) -> Option<Reply<O>> {
        self.reply.try_recv().ok()
    }

    /// Why the worker dropped the request without an answer.
    fn abandoned(&self) -> Failed {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Failed::Deadline,
            _ if self.load.as_ref().is_some_and(|load| load.status().alive) => Failed::Lost,
            _ => Failed::Stopped,
        }
    }
}

impl<O> Future for Pending<O> {
    type Output = Result<Computed<O>, Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(reply) = Pin::new(&mut self.reply).poll(context) {
            return Poll::Ready(reply.unwrap_or_else(|_| Err(self.abandoned())));
        }
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.reply.close();
        Poll::Ready(Err(Failed::Deadline))
    }
}
