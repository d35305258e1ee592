//! Tiny checkpoints of every kind, loaded in process with each encoder: the answers are those of
//! transformers and sentence-transformers in float64, or the checkpoint is refused by its field.
//!
//! `tests/fixtures/generate_checkpoints.py` writes the checkpoints and what is expected of them.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

#[path = "../api/support/mod.rs"]
#[expect(dead_code, reason = "these tests need only a part of it")]
mod support;

mod case;
mod compare;
mod configs;
mod fingerprints;
mod kind;
mod layouts;
mod sentences;
mod served;
mod tokenizers;
