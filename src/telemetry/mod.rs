//! What the process says about itself. Uses nothing else of Strata; every part may use it.
//!
//! Events and spans go through `tracing`; [`logs`] sends them to stderr. One request is one line,
//! written where the request ends. A client's mistake is not an `error`; an `error` is ours to fix.
//! Input text is never logged, nor anything from which it could be read: tokens, embeddings, the
//! body of a request.
//!
//! One word for one thing, with its unit, in log fields as in `Server-Timing`:
//!
//! | field | is |
//! |---|---|
//! | `request_id` | the `x-request-id` of the answer |
//! | `method`, `route`, `status` | the route is the pattern, `/classify`, never the raw path |
//! | `inputs`, `tokens` | texts of the request; tokens of all its sequences, special tokens included |
//! | `tokenize_ms`, `queue_ms`, `forward_ms`, `total_ms` | milliseconds in each stage |
//! | `code` | the stable `code` of an error |
//! | `cause` | why the server failed, with its sources; the client gets a fixed sentence instead |

pub mod chain;
pub mod logs;
pub mod panics;
#[cfg(test)]
pub mod testing;
