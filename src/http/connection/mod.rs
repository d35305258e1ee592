//! Connections: accepting them, their limits of time and number, and how they end.
//!
//! hyper reads and writes HTTP/1. Around it, a connection knows what it is doing (`activity`), so that
//! each wait has a limit of its own: for a head, between requests, for a client that doesn't read its
//! answer, and for the rest of a body that nobody needs.

mod accept;
mod activity;
mod drive;
mod exchange;
mod extensions;
mod limits;
mod open;
mod stop;
mod stream;

pub use accept::{Server, serve};
pub use extensions::{FirstByte, PeerAddress};
pub use open::OpenConnections;
pub use stop::{Stage, Stop, StopSignal};
