//! Connections: accepting them, their limits of time and number, and how they end.
//!
//! hyper reads and writes HTTP/1, and HTTP/2 for clients that begin with it. Around it, a connection knows
//! what it is doing (`state`), so that each wait has a limit of its own (`watch`): for a head, between
//! requests, for a client that doesn't read its answer, and for the rest of a body that nobody needs. Over
//! HTTP/2 each request has a task (`streams`), and its answer knows what of it is sent (`stream_body`).

mod accept;
mod activity;
mod drive;
mod exchange;
mod extensions;
#[cfg(feature = "grpc")]
mod http2;
mod limits;
mod open;
mod state;
mod stop;
mod stream;
#[cfg(feature = "grpc")]
mod stream_body;
#[cfg_attr(not(feature = "grpc"), allow(dead_code, reason = "HTTP/1 has no streams"))]
mod stream_count;
#[cfg(feature = "grpc")]
mod streams;
mod watch;

pub use accept::{Server, serve};
#[cfg(feature = "grpc")]
pub use extensions::Watching;
pub use extensions::{FirstByte, PeerAddress};
pub use open::OpenConnections;
pub use stop::{Stage, Stop, StopSignal};
