//! The model and its text side against transformers' own answers, and against what is broken.
//!
//! Golden values and the generators that made them are in `tests/fixtures`. The default model comes
//! by `make model`; a test that needs it fails without it.
//!
//! The encoder is the one that the environment names, so that the same tests judge each:
//! `STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=scalar cargo nextest run --test model`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod support;

mod batches;
mod broken;
mod classifiers;
mod drops;
mod explain;
mod fingerprint;
mod formats;
mod heads;
mod padding;
mod parity;
mod reduced;
mod sentence;
mod startup;
mod tokens;
mod windows;
