//! What each key asks for.

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::auth::Auth;
use crate::telemetry::metrics::encode_gauges;

/// Requests and tokens by the name of their key. A name stays until the server stops, also if its key is
/// removed, as counters must.
#[derive(Debug, Default)]
pub struct KeyMetrics {
    requests: Family<KeyRequestLabels, Counter>,
    tokens: Family<KeyLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyRequestLabels {
    key: Arc<str>,
    status: u16,
    /// The stable code of an error, or `none`.
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabel {
    key: Arc<str>,
}

impl KeyMetrics {
    /// Adds the metrics to a registry, with the number of keys of `auth`.
    pub fn register(&self, auth: Auth, registry: &mut Registry) {
        registry.register(
            "strata_key_requests",
            "Requests that were answered, by the name of their key and the code of their error",
            self.requests.clone(),
        );
        registry.register(
            "strata_key_tokens",
            "Tokens of requests that were let in, special tokens included, by the name of their key",
            self.tokens.clone(),
        );
        registry.register_collector(Box::new(KeyCollector(auth)));
    }

    /// A request with a key has an answer.
    pub fn answered(&self, key: &Arc<str>, status: StatusCode, code: Option<&'static str>) {
        let (status, code) = (status.as_u16(), code.unwrap_or("none"));
        let labels = KeyRequestLabels { key: Arc::clone(key), status, code };
        self.requests.get_or_create(&labels).inc();
    }

    /// A request with a key is let in.
    pub fn charged(&self, key: &Arc<str>, tokens: usize) {
        let label = KeyLabel { key: Arc::clone(key) };
        self.tokens.get_or_create(&label).inc_by(tokens as u64);
    }
}

#[derive(Debug)]
struct KeyCollector(Auth);

impl Collector for KeyCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "API keys that are known; without any, no request needs one.";
        encode_gauges(&mut encoder, [("strata_keys", help, self.0.keys() as f64)])
    }
}
