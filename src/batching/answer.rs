//! What a submission turns into.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use super::attempt::EngineError;
use tokio::{
    sync::oneshot,
    time::{Sleep, sleep_until},
};

pub(super) type Reply<O> = Result<Computed<O>, Failed>;

/// The outputs of one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed<O> {
    /// One output a sequence, in the order submitted.
    pub outputs: Vec<O>,
    /// Where the time went.
    pub timings: Timings,
    /// How many passes its sequences were spread over.
    pub passes: u32,
}

/// Where the time between submission and answer went: `queue + forward` is all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Waiting, for the first pass and between passes.
    pub queue: Duration,
    /// In passes that held at least one of its sequences.
    pub forward: Duration,
}

/// Why a submission has no outputs.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Its deadline came first.
    #[error("the deadline passed before the answer was computed")]
    Deadline,
    /// The engine failed on this sequence, on its own as well.
    #[error("sequence {index} could not be computed")]
    Engine {
        /// Which, in the order submitted; the first, if there are several.
        index: usize,
        /// The error of this sequence when it was computed alone.
        #[source]
        cause: EngineError,
    },
    /// The worker died with the submission still waiting.
    #[error("the worker stopped before the answer was computed")]
    Stopped,
}

/// An answer to come.
///
/// It resolves at its deadline even while the worker is busy, and so has to be polled on a tokio
/// runtime with time enabled if there is one. Dropping it takes what still waits out of the queue.
#[derive(Debug)]
#[must_use = "dropping it abandons the submission"]
pub struct Pending<O> {
    reply: oneshot::Receiver<Reply<O>>,
    deadline: Option<Instant>,
    /// Set at the first poll, since only there is a runtime certain.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<O> Pending<O> {
    pub(super) fn new(reply: oneshot::Receiver<Reply<O>>, deadline: Option<Instant>) -> Self {
        Self { reply, deadline, timer: None }
    }

    /// The answer to a submission of nothing.
    pub(super) fn empty() -> Self {
        let (sender, reply) = oneshot::channel();
        // The receiver is right here, so this can't fail.
        let _ = sender.send(Ok(Computed {
            outputs: Vec::new(),
            timings: Timings::default(),
            passes: 0,
        }));
        Self::new(reply, None)
    }

    /// Why the worker let go of the request without a word.
    fn abandoned(&self) -> Failed {
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => Failed::Deadline,
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
