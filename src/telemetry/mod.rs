//! The log, the metrics and the traces. Uses nothing else of Strata; every module may use it.
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
//! [`traces`] sends the spans of requests to a collector, if an endpoint is set.
//!
//! Fields of the line of a request; the stages have the same names in `Server-Timing`, there without
//! `_ms`. Of a request that fails or whose client leaves, the last stage ends with it. Other lines that are
//! logged for a request have its ids too, in JSON within `span`, as in `span.request_id`.
//!
//! | field | meaning |
//! |---|---|
//! | `request_id` | the `x-request-id` of the response |
//! | `trace_id`, `span_id` | of the caller's trace, or of one that begins here; the second only if the request is recorded |
//! | `key` | the name of the API key that the request has |
//! | `client` | the address of a client whose key is missing or unknown |
//! | `method`, `route`, `status` | the route is the pattern, such as `/classify`, never the raw path; no status if the client left |
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
