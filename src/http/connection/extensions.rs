//! What a request knows of its connection.

use std::net::SocketAddr;
use std::time::Instant;

/// The other end of the connection, in the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// When the first byte of the request arrived, in its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstByte(pub Instant);

/// An answer that only reports changes, in its extensions: nobody waits for it, and its connection is idle.
#[cfg(feature = "grpc")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watching;
