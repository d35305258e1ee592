//! The time that a request spends in each stage.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::model_card::ModelCard;
use crate::batching::{FirstPass, Timings};

/// What a request goes through once it is read and checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStage {
    /// Tokenisation, or reading token ids.
    Tokenize,
    /// Waiting in the queue.
    Queue,
    /// In forward passes.
    Forward,
    /// Making the answer of what was computed, until the head of the response is ready; its body is
    /// written to the connection later.
    Respond,
}

impl RequestStage {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Tokenize, Self::Queue, Self::Forward, Self::Respond];

    /// The name of its span.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokenize => "tokenize",
            Self::Queue => "queue",
            Self::Forward => "forward",
            Self::Respond => "respond",
        }
    }
}

/// When each stage of [`RequestStage::ALL`] began; `None` for one that was not reached.
pub type Began = [Option<Instant>; RequestStage::ALL.len()];

/// The stages of a request that has ended, for the header `Server-Timing`, the log, the metrics and the
/// trace. A stage ends when the next one begins, and the last one with the request, whether it was
/// finished or not.
#[derive(Clone, Copy, Debug)]
pub struct StageTimings {
    /// When each stage began.
    pub began: Began,
    /// When the request ended.
    pub ended: Instant,
    /// How many passes the request's sequences were spread over; 0 if they weren't computed.
    pub passes: u32,
    /// Inputs of the request; 0 if they were not read.
    pub inputs: usize,
    /// Tokens of all sequences, special tokens included; 0 if the inputs were not tokenised.
    pub tokens: usize,
}

impl StageTimings {
    /// The stages that were reached, in order, each with its begin and its end.
    pub fn stages(&self) -> impl Iterator<Item = (RequestStage, Instant, Instant)> {
        let began = RequestStage::ALL.into_iter().zip(self.began);
        let began = began.filter_map(|(stage, began)| Some((stage, began?)));
        let ends = began.clone().skip(1).map(|(_, next)| next).chain([self.ended]);
        began.zip(ends).map(|((stage, began), ended)| (stage, began, ended.max(began)))
    }

    /// The time in a stage: all waiting, or all passes, if the sequences were computed in several. Of a
    /// request that ended before its answer, `Forward` has the waiting between passes too.
    pub fn time(&self, stage: RequestStage) -> Duration {
        let mut stages = self.stages().filter(|(reached, ..)| *reached == stage);
        stages.next().map_or(Duration::ZERO, |(_, began, ended)| ended - began)
    }
}

/// Measures the stages of a request that is being served. A clone measures the same request: handlers
/// say what begins, and the middleware reads it when the request ends, whatever ends it.
#[derive(Clone, Debug, Default)]
pub struct StageClock(Arc<Mutex<Progress>>);

#[derive(Debug, Default)]
struct Progress {
    began: Began,
    first_pass: FirstPass,
    passes: u32,
    inputs: usize,
    tokens: usize,
    model: Option<Arc<ModelCard>>,
}

impl Progress {
    fn begin(&mut self, stage: RequestStage, at: Instant) {
        self.began[stage as usize] = Some(at);
    }
}

impl StageClock {
    /// The request asks this model.
    pub fn asks(&self, model: &Arc<ModelCard>) {
        self.lock().model = Some(Arc::clone(model));
    }

    /// The model that it asks, if it asks one.
    pub fn model(&self) -> Option<Arc<ModelCard>> {
        self.lock().model.clone()
    }

    /// Tokenisation of this many inputs begins now, or goes on with them.
    pub fn tokenizing(&self, inputs: usize) {
        let mut progress = self.lock();
        progress.began[RequestStage::Tokenize as usize].get_or_insert_with(Instant::now);
        progress.inputs += inputs;
    }

    /// Inputs have become sequences with this many tokens.
    pub fn tokenized(&self, tokens: usize) {
        self.lock().tokens += tokens;
    }

    /// The sequences wait in the queue since then, until their first pass.
    pub fn queued(&self, since: Instant, first_pass: FirstPass) {
        let mut progress = self.lock();
        progress.begin(RequestStage::Queue, since);
        progress.first_pass = first_pass;
    }

    /// The sequences that wait since `queued` are computed.
    pub fn computed(&self, queued: Instant, timings: Timings, passes: u32) {
        let mut progress = self.lock();
        let forward = queued + timings.queue;
        progress.begin(RequestStage::Forward, forward);
        progress.begin(RequestStage::Respond, forward + timings.forward);
        progress.passes = passes;
    }

    /// The answer is made from now on, without anything from the queue.
    pub fn responding(&self) {
        self.lock().begin(RequestStage::Respond, Instant::now());
    }

    /// The stages of a request that ends now.
    pub fn end(&self) -> StageTimings {
        let progress = self.lock();
        let mut began = progress.began;
        let forward = &mut began[RequestStage::Forward as usize];
        *forward = forward.or_else(|| progress.first_pass.began());
        let Progress { passes, inputs, tokens, .. } = *progress;
        StageTimings { began, ended: Instant::now(), passes, inputs, tokens }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
