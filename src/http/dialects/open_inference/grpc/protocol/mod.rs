//! The messages, made from the files in `proto` by `make proto`; `make check` says when they aren't up to date.

#[allow(missing_docs, clippy::all)]
#[rustfmt::skip]
pub mod health;
#[allow(missing_docs, clippy::all)]
#[rustfmt::skip]
pub mod inference;
