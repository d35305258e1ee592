//! The model and the tokenizer, compared with transformers, and with damaged checkpoints.
//!
//! Golden values and their generators are in `tests/fixtures`. `make model` downloads the default
//! model; tests that need it fail without it.
//!
//! The environment chooses the encoder, so that the same tests check each of them:
//! `STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=scalar cargo nextest run --test model`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod support;

mod batches;
mod broken;
mod classifiers;
mod config;
mod drops;
mod explain;
mod families;
mod fingerprint;
mod formats;
mod golden;
mod heads;
mod padding;
mod parity;
mod reduced;
mod sentence;
mod startup;
mod tokens;
mod windows;
