//! Counts what the exporter sends.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::client::{CollectorClient, LastAnswer};
use super::delivery::Delivery;

/// The exporter, and the account of what it sends.
#[derive(Debug)]
pub struct CountingExporter {
    /// Sends spans.
    pub exporter: OtlpExporter,
    /// What `exporter` sends them with.
    pub client: CollectorClient,
    /// The account.
    pub delivery: Arc<Delivery>,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        self.delivery.taken(spans);
        let sent = self.exporter.export(batch).await;
        let LastAnswer { rejected, message } = self.client.take_last();
        let spans = spans as u64;
        match &sent {
            Ok(()) => {
                let rejected = rejected.min(spans);
                if rejected > 0 {
                    let cause = message.unwrap_or_default();
                    self.delivery.failed(rejected, &format!("the collector rejects them: {cause}"));
                } else if let Some(message) = message {
                    self.delivery.warned(&message);
                }
                if spans > rejected {
                    self.delivery.exported(spans - rejected);
                }
            }
            Err(error) => {
                self.delivery.failed(spans, &message.unwrap_or_else(|| error.to_string()));
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
