//! The open connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::activity::Activity;
use super::limits::Expiry;

/// Closed for a new one, since there were as many as allowed.
pub const EVICTED: &str = "evicted";

/// Refused, since there were as many as allowed and none was idle.
pub const TOO_MANY: &str = "too_many_connections";

/// Closed because the client began and cancelled too many requests.
pub const FLOODED: &str = "cancellations";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
}

/// All open connections, and the metrics of those that the server closed.
#[derive(Debug)]
pub struct OpenConnections {
    table: Mutex<Table>,
    open: Gauge,
    closed: Family<ReasonLabel, Counter>,
    streams_cut_off: Counter,
}

impl Default for OpenConnections {
    fn default() -> Self {
        let closed = Family::<ReasonLabel, Counter>::default();
        // A counter that is absent until its first connection hides it from `increase`.
        for reason in
            Expiry::ALL.map(Expiry::as_str).into_iter().chain([EVICTED, TOO_MANY, FLOODED])
        {
            drop(closed.get_or_create(&ReasonLabel { reason }));
        }
        let (table, open, streams_cut_off) = Default::default();
        Self { table, open, closed, streams_cut_off }
    }
}

impl OpenConnections {
    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("strata_http_connections", "Open connections", self.open.clone());
        registry.register(
            "strata_http_connections_closed",
            "Connections that the server closed before the client did, by reason",
            self.closed.clone(),
        );
        registry.register(
            "strata_http_streams_cut_off",
            "Streams of HTTP/2 that the server reset since the client didn't read its answer",
            self.streams_cut_off.clone(),
        );
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of open connections.
    pub fn count(&self) -> usize {
        self.lock().connections.len()
    }

    /// The number of connections with a request whose answer isn't written yet.
    pub fn busy(&self) -> usize {
        self.lock().connections.values().filter(|activity| activity.is_busy()).count()
    }

    /// The number of connections that wait for a request.
    pub fn idle(&self) -> usize {
        self.lock().connections.values().filter(|activity| activity.idle_since().is_some()).count()
    }

    /// Counts a connection that the server closed.
    pub fn closed(&self, reason: &'static str) {
        self.closed.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// Counts a stream whose answer wasn't read.
    #[cfg(feature = "grpc")]
    pub fn stream_cut_off(&self) {
        self.streams_cut_off.inc();
    }

    /// Adds a connection, until the returned guard is dropped.
    pub fn add(self: &Arc<Self>, activity: Arc<Activity>) -> OpenConnection {
        let mut table = self.lock();
        let key = table.next;
        table.next += 1;
        table.connections.insert(key, activity);
        self.open.inc();
        OpenConnection { all: Arc::clone(self), key }
    }

    /// Asks the connection to end that has waited longest for a request. Returns whether there is one.
    pub fn evict_longest_idle(&self) -> bool {
        let table = self.lock();
        let idle = table
            .connections
            .values()
            .filter_map(|activity| activity.idle_since().map(|since| (since, activity)));
        let Some((_, activity)) = idle.min_by_key(|(since, _)| *since) else {
            return false;
        };
        activity.evict();
        true
    }
}

/// An open connection; it is removed from the others when dropped.
#[derive(Debug)]
pub struct OpenConnection {
    all: Arc<OpenConnections>,
    key: u64,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.lock().connections.remove(&self.key);
        self.all.open.dec();
    }
}
