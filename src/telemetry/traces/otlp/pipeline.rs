//! From a request's span to the collector.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Compression, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};

use super::client::CollectorClient;
use super::delivery::Delivery;
use super::exporter::CountingExporter;
use super::options::TraceOptions;
use super::processor::CountingProcessor;
use super::span::OpenSpan;
use crate::telemetry::panics::catch;
use crate::telemetry::traces::counts::SpanCounts;
use crate::telemetry::traces::error::StartError;
use crate::telemetry::traces::parent::Parent;

/// What makes spans, queues and sends them.
#[derive(Debug)]
pub struct Pipeline {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    delivery: Arc<Delivery>,
}

impl Pipeline {
    /// Starts the thread that sends spans.
    ///
    /// # Errors
    /// The thread can't be started, or the exporter refuses its options.
    pub fn start(options: TraceOptions, counts: SpanCounts) -> Result<Self, StartError> {
        // A query may hold a key.
        let host = options.endpoint.authority().map_or("", |authority| authority.as_str());
        let path = options.endpoint.path();
        tracing::info!(host, path, sampler = ?options.sampler, "traces are sent");
        let delivery = Arc::new(Delivery::new(options.queue, counts));
        let client = CollectorClient::new(options.timeout);
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(options.endpoint.to_string())
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(options.timeout)
            .with_headers(options.headers);
        if options.gzip {
            exporter = exporter.with_compression(Compression::Gzip);
        }
        let exporter = exporter.build().map_err(|error| StartError(error.to_string()))?;
        let exporter = CountingExporter { exporter, client, delivery: Arc::clone(&delivery) };
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(options.queue)
            .with_max_export_batch_size(options.batch)
            .with_scheduled_delay(options.delay)
            .build();
        // It panics if its thread can't be started.
        let processor = catch(|| BatchSpanProcessor::new(exporter, batches))
            .map_err(|_| StartError("the thread could not be started".to_owned()))?;
        let provider = SdkTracerProvider::builder()
            .with_sampler(options.sampler)
            .with_resource(options.resource)
            .with_max_attributes_per_span(options.attributes)
            .with_span_processor(CountingProcessor { processor, delivery: Arc::clone(&delivery) })
            .build();
        let scope = InstrumentationScope::builder("strata");
        let tracer =
            provider.tracer_with_scope(scope.with_version(env!("CARGO_PKG_VERSION")).build());
        Ok(Self { provider, tracer, delivery })
    }

    /// Begins the span of a request that started just now; `None` if the sampler doesn't choose it.
    pub fn begin(&self, parent: Option<&Parent>, started: Instant) -> Option<OpenSpan> {
        OpenSpan::begin(&self.tracer, parent, started)
    }

    /// Sends what waits, for at most `limit`; the rest counts as dropped.
    pub fn stop(&self, limit: Duration) {
        let started = Instant::now();
        // What wasn't sent is counted below.
        let _ = self.provider.shutdown_with_timeout(limit);
        let lost = self.delivery.abandon();
        if lost > 0 {
            let waited_ms = started.elapsed().as_millis() as u64;
            tracing::warn!(
                spans = lost,
                waited_ms,
                "spans of traces were not sent before the stop"
            );
        }
    }
}
