//! The registry of all metrics, and the metrics of the process and its log.
//!
//! Whatever counts owns its metrics and registers them under their full names, such as
//! `strata_http_requests`; the encoder adds the unit, and `_total` to counters. Names of the process's
//! own metrics are Prometheus' standard ones, without the prefix.

mod gauges;
mod log;
mod process;
mod reloads;

use std::env::consts::{ARCH, OS};
use std::fmt;
use std::sync::{PoisonError, RwLock};

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use gauges::{NamedGauge, encode_gauges, encode_gauges_of};
pub use log::register_log;
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use process::ProcessCollector;
pub use reloads::{Reloaded, Reloads};

/// The registry. Metrics may be added while it is read, since the model loads while the server already
/// answers.
#[derive(Debug)]
pub struct Metrics(RwLock<Registry>);

impl Metrics {
    /// A registry with the metrics of this build and of the process.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let labels = vec![
            ("version", env!("CARGO_PKG_VERSION")),
            ("features", if cfg!(feature = "otlp") { "otlp" } else { "none" }),
            ("profile", if cfg!(debug_assertions) { "debug" } else { "release" }),
            ("os", OS),
            ("architecture", ARCH),
        ];
        let help = "The version of Strata, and what it was built for";
        registry.register("strata_build", help, Info::new(labels));
        registry.register_collector(Box::new(ProcessCollector));
        Self(RwLock::new(registry))
    }

    /// Adds metrics.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics in the text format of Prometheus.
    ///
    /// # Errors
    /// A collector fails, which none does.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.read().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
