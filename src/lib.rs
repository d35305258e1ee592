//! Strata serves BERT encoders over HTTP: class logits and embeddings, computed from the hidden layers
//! that a request names. The modules, in the order in which a request passes them:
//!
//! [`http`] parses and checks the request, [`text`] turns its texts into tokens (a [`sequence`] each),
//! [`batching`] collects sequences into a pass, and [`model`] computes the pass with [`strata_kernels`].
//! [`probabilities`] follow from logits, and [`tags`] makes entities of the scores of tokens. [`hub`] finds
//! models by name. [`heads`] finds and watches the folders of heads; [`training`] trains new heads, with
//! reports drawn by [`charts`]. [`quantization`] makes small integers or bits of embeddings. [`keys`] has
//! the API keys, [`config`] the settings, [`telemetry`] the log, [`files`] atomic writes, [`field`]
//! messages about fields of files. [`app`] connects the parts, and [`cli`] starts them.

pub mod cli;

pub mod app;

pub mod http;

pub mod text;

pub mod tags;

pub mod probabilities;

pub mod sequence;

pub mod batching;

pub mod model;

pub mod heads;

pub mod hub;

pub mod keys;

pub mod training;

pub mod quantization;

pub mod charts;

pub mod config;

pub mod telemetry;

pub mod files;

pub mod field;
