//! The API as its clients see it: through the router, over a socket, and as a process.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on fails")]

mod bench;
mod bodies;
mod budget;
mod causes;
mod classify;
mod clients;
mod cohere;
mod command_calibrate;
mod command_errors;
mod command_line;
mod compare;
mod connections;
mod contract;
mod deploy;
mod elsewhere;
mod embed;
mod evaluate;
mod explain;
mod failures;
#[cfg(feature = "grpc")]
mod grpc;
mod head_metrics;
mod health;
#[cfg(feature = "grpc")]
mod http2;
#[cfg(feature = "hub")]
mod hub;
mod in_container;
mod keys;
mod load;
mod log_sink;
mod metrics;
mod models;
mod multi_vector;
mod numerics;
mod open_inference;
mod openai;
mod outputs;
mod poison;
mod precision;
mod process;
mod refusals;
mod reload;
mod request_heads;
mod rerank;
mod settings;
mod signals;
mod sparse;
mod stopping;
mod support;
mod tag;
mod tag_heads;
mod tei;
mod tokenising;
#[cfg(feature = "otlp")]
mod traces;
mod train;
mod trained_files;
mod trained_inputs;
mod transport;
mod unacceptable;
mod windows;
#[cfg(not(feature = "grpc"))]
mod without_grpc;
#[cfg(not(feature = "hub"))]
mod without_hub;
#[cfg(not(feature = "otlp"))]
mod without_otlp;
mod zero_shot;
