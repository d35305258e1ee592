//! Connections: accepting them, their limits of time and number, and how they end.
//!
//! hyper reads and writes HTTP/1, and HTTP/2 for clients that begin with it. Around it, a connection knows what it is doing (`activity`), so that
//! each wait has a limit of its own: for a head, between requests, for a client that doesn't read its
//! answer, and for the rest of a body that nobody needs.

mod accept;
mod activity;
mod drive;
mod exchange;
mod extensions;
#[cfg(feature = "grpc")]
mod http2;
mod limits;
mod open;
mod stop;
mod stream;
mod stream_count;
#[cfg(feature = "grpc")]
mod streams;
mod watch;

pub use accept::{Server, serve};
pub use extensions::{FirstByte, PeerAddress};
pub use open::OpenConnections;
pub use stop::{Stage, Stop, StopSignal};
