//! Groups the sequences of many requests into few passes: the handle, the bounded queue, the pure
//! plan, the worker.
//!
//! [`Batcher`] is a cheap handle that any task may hold. Behind it, one named OS thread owns the
//! queue and the engine, so that no lock around a model is needed. The thread starts a pass as soon
//! as anything waits; what arrives during a pass waits for the next one. `plan`, a pure function,
//! chooses the sequences of a pass.
//!
//! This module depends neither on HTTP nor on models: an [`Engine`] turns items into outputs, and a
//! sequence is an item with a length in tokens.

mod admission;
mod answer;
mod attempt;
mod client;
mod cost;
mod engine;
mod handle;
mod load;
mod metrics;
mod options;
mod plan;
mod positions;
mod queue;
mod request;
mod submit_error;
mod turns;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use answer::{Computed, Failed, FirstPass, Pending, Timings};
pub use attempt::EngineError;
pub use client::{ClientId, Priority};
pub use cost::PassCost;
pub use engine::Engine;
pub use handle::{Batcher, Reservation};
pub use load::Status;
pub use metrics::{BatchingMetrics, Metrics};
pub use options::BatcherOptions;
pub use request::{Sequence, Submission};
pub use submit_error::SubmitError;
pub use turns::{Participant, Turns};
pub use worker::Worker;
