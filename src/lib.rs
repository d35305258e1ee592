//! Strata serves BERT encoders over HTTP: class logits and embeddings, read from whichever hidden
//! layers you name. The modules, in the order in which a request meets them:
//!
//! [`http`] parses and checks it, [`text`] turns it into tokens, [`batching`] puts it into a pass,
//! [`model`] computes it with [`strata_kernels`], and with the [`heads`] that were found. [`config`]
//! says how, [`telemetry`] what is logged;
//! [`training`] makes heads; [`app`] wires the parts and [`cli`] starts them.

pub mod cli;

pub mod app;

pub mod http;

pub mod text;

pub mod batching;

pub mod model;

pub mod heads;

pub mod training;

pub mod charts;

pub mod config;

pub mod telemetry;
