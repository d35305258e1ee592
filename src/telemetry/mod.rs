//! Logging. Uses nothing else of Strata; every module may use it.
//!
//! Events and spans go through `tracing`; [`logs`] sends them to standard error through a bounded
//! queue, [`log_queue`], so that logging never delays a request. A request is one line, written when it
//! ends. Only a failure of the server is logged as `error`, never a mistake of a client.
//! Input text is never logged, nor anything from which it could be recovered: tokens, embeddings,
//! request bodies.
//!
//! Modules that count own their metrics and register them; [`metrics`] has the registry that
//! `GET /metrics` writes. Their labels are bounded: never a path, an id or a text.
//!
//! Fields of the log; those in milliseconds have the same names in `Server-Timing`:
//!
//! | field | meaning |
//! |---|---|
//! | `request_id` | the `x-request-id` of the response |
//! | `trace_id`, `span_id` | of the caller's trace, or of one that begins here; the second only if the request is recorded |
//! | `method`, `route`, `status` | the route is the pattern, such as `/classify`, never the raw path |
//! | `inputs`, `tokens` | inputs of the request; tokens of all its sequences, special tokens included |
//! | `tokenize_ms`, `queue_ms`, `forward_ms`, `total_ms` | milliseconds in each stage |
//! | `code` | the stable `code` of an error |
//! | `cause` | why the server failed, with its sources; the client gets a fixed sentence instead |

pub mod chain;
pub mod json_line;
pub mod log_queue;
pub mod logs;
pub mod metrics;
pub mod panics;
pub mod traces;
pub mod written;
