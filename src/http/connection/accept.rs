//! Accepts connections until the server stops, and no more than are allowed.

use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::activity::Activity;
use super::drive::drive;
use super::exchange::Exchange;
use super::extensions::PeerAddress;
use super::limits::{Expiry, Limits};
use super::open::{EVICTED, FLOODED, OpenConnections, TOO_MANY};
use super::stop::{Stage, StopSignal};
use super::stream::WatchedStream;
use super::watch::End;
use crate::config::HttpConfig;
use crate::http::metrics::HttpMetrics;

/// How many connections the system accepts before the server does, at most: Linux's default for
/// `net.core.somaxconn`.
const BACKLOG: usize = 4096;

/// How long to wait after a failed accept. Nearly always the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The answer to a connection beyond the limit.
const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
                         connection: close\r\ncontent-length: 0\r\n\r\n";

/// How long a connection beyond the limit may stay for its answer, and how many may at once.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
const REFUSALS: usize = 64;

/// What all connections share.
pub struct Server {
    /// Every route.
    pub router: Router,
    /// The settings.
    pub config: HttpConfig,
    /// The open connections.
    pub open: Arc<OpenConnections>,
    /// Counts what isn't a request that can be read.
    pub metrics: Arc<HttpMetrics>,
    /// Says when to stop.
    pub stop: StopSignal,
}

/// Accepts and serves connections until the stop signal says [`Stage::Closing`]. Then accepts no more,
/// and returns when the open ones have ended.
pub async fn serve(listener: TcpListener, server: Server) {
    let mut stop = server.stop.clone();
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    // Each connection holds a sender; nothing is sent.
    let (alive, mut ended) = mpsc::channel::<()>(1);
    let server = Arc::new(server);
    let limits = Limits::from(&server.config);
    let keep_alive = limits.keep_alive();
    let begin = |stream: TcpStream, peer: SocketAddr| {
        // An answer is one write; waiting to fill a packet would only delay it.
        let _ = stream.set_nodelay(true);
        let open = &server.open;
        if open.count() >= server.config.connections.get() && !open.evict_longest_idle() {
            refuse(stream, limits, &server.open, &refusals);
            return;
        }
        let activity = Arc::new(Activity::new(limits));
        let guard = (alive.clone(), open.add(Arc::clone(&activity)));
        let exchange = Exchange {
            router: server.router.clone(),
            peer: PeerAddress(peer),
            activity,
            stop: server.stop.clone(),
            #[cfg(feature = "grpc")]
            open: Arc::clone(&server.open),
            keep_alive: keep_alive.clone(),
        };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let end = drive(stream, exchange).await;
            report(end, &server);
            drop(guard);
        });
    };
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.reached(Stage::Closing) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => begin(stream, peer),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                server.open.evict_longest_idle();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    for (stream, peer) in close(listener) {
        begin(stream, peer);
    }
    drop(alive);
    // `None` when the last connection has ended.
    let _ = ended.recv().await;
}

/// Closes the port. Returns the connections that the system had accepted already, which would otherwise
/// be reset. The runtime may not know of them yet, so the system is asked. It is asked only for as many
/// as there can have been: others may connect all the time.
fn close(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    // The listener doesn't block: the first error is that there is none left.
    iter::from_fn(|| listener.accept().ok())
        .take(BACKLOG)
        .filter_map(|(stream, peer)| {
            stream.set_nonblocking(true).ok()?;
            Some((TcpStream::from_std(stream).ok()?, peer))
        })
        .collect()
}

/// Answers a connection beyond the limit with a 503. It is closed without one if too many are being
/// refused at the same time.
fn refuse(stream: TcpStream, limits: Limits, open: &OpenConnections, refusals: &Arc<Semaphore>) {
    open.closed(TOO_MANY);
    tracing::debug!("a connection was refused: there are too many");
    let Ok(permit) = Arc::clone(refusals).try_acquire_owned() else {
        return;
    };
    let activity = Arc::new(Activity::new(limits));
    tokio::spawn(async move {
        let mut stream = WatchedStream::new(stream, activity);
        let answer = async {
            stream.write_all(REFUSAL).await?;
            stream.shutdown().await
        };
        // The client may be gone or may not read: nothing that has to be known.
        let _ = timeout(REFUSAL_TIME, answer).await;
        drop(permit);
    });
}

/// Logs and counts how a connection ended, if it wasn't the client who ended it.
fn report(end: End, server: &Server) {
    match end {
        End::Closed => {}
        // A client that leaves is not an error of the server.
        End::Failed(error) => tracing::debug!(%error, "a connection ended early"),
        End::Unreadable(error) => tracing::debug!(%error, "a connection ended early"),
        End::Malformed(answer) => {
            server.metrics.malformed(answer.status, answer.code);
            tracing::info!(
                status = answer.status.as_u16(),
                code = answer.code,
                error = %answer.error,
                "a request could not be read"
            );
        }
        End::Expired(expiry) => {
            server.open.closed(expiry.as_str());
            match expiry {
                Expiry::Idle | Expiry::Discard => {
                    tracing::debug!(reason = expiry.as_str(), "a connection was closed");
                }
                Expiry::Head | Expiry::UnreadAnswer => {
                    tracing::info!(reason = expiry.as_str(), "a connection was cut off");
                }
            }
        }
        End::Flooded => {
            server.open.closed(FLOODED);
            tracing::info!(reason = FLOODED, "a connection was cut off");
        }
        End::Evicted => {
            server.open.closed(EVICTED);
            tracing::debug!(reason = EVICTED, "a connection was closed");
        }
    }
}
