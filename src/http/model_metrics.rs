//! The models in the metrics: what each is, its heads, and what waits for it.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::models::{Models, Phase};
use super::service::Service;
use crate::model::checkpoint::ProblemType;
use crate::telemetry::metrics::encode_gauges_of;

/// Reads the models whenever the metrics are asked for, so that one that isn't served any more is gone.
pub struct ModelCollector(pub Arc<Models>);

impl Collector for ModelCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let models = self.0.all();
        let ready = models.iter().map(|entry| {
            let ready = f64::from(u8::from(entry.phase() == Phase::Ready));
            let help = "1 while the model serves and its last pass succeeded.";
            (entry.announced.name.clone(), vec![("strata_model_ready", help, ready)])
        });
        encode_gauges_of("model", &mut encoder, &ready.collect::<Vec<_>>())?;
        let services: Vec<_> = models.iter().filter_map(|entry| entry.service()).collect();
        encode_models(&mut encoder, &services)?;
        let gauges = services.iter().map(|service| (service.model.name.clone(), gauges(service)));
        encode_gauges_of("model", &mut encoder, &gauges.collect::<Vec<_>>())?;
        encode_heads(&mut encoder, &services)
    }
}

fn encode_models(encoder: &mut DescriptorEncoder, services: &[&Arc<Service>]) -> fmt::Result {
    if services.is_empty() {
        return Ok(());
    }
    let help = "The models that are served.";
    let mut infos = encoder.encode_descriptor("strata_model", help, None, MetricType::Info)?;
    for service in services {
        let model = &service.model;
        infos.encode_info(&[
            ("model", model.name.as_str()),
            ("fingerprint", &model.fingerprint),
            ("encoder", model.encoder),
            ("dtype", model.dtype),
            ("instruction_set", model.instruction_set),
            ("numerics", &model.numerics),
        ])?;
    }
    Ok(())
}

/// Sizes of a model, what waits for it, and how many heads it has.
fn gauges(service: &Service) -> Vec<(&'static str, &'static str, f64)> {
    let (shape, heads) = (service.recipes.shape(), service.heads());
    let sizes = [
        ("strata_model_layers", "Layers of the encoder.", shape.layers),
        ("strata_model_hidden_size", "Columns of a hidden state.", shape.hidden),
        (
            "strata_model_sequence_tokens",
            "The most tokens of a sequence, special tokens included.",
            service.sequence_tokens,
        ),
        ("strata_model_threads", "Threads that compute a pass.", service.model.threads),
        ("strata_heads", "Heads in use.", heads.all().count()),
        (
            "strata_heads_skipped",
            "Heads that were found and can't be used; /info has the reasons.",
            heads.skipped.len(),
        ),
    ];
    let sizes = sizes.map(|(name, help, size)| (name, help, size as f64));
    sizes.into_iter().chain(service.batcher.status().gauges()).collect()
}

fn encode_heads(encoder: &mut DescriptorEncoder, services: &[&Arc<Service>]) -> fmt::Result {
    let help = "The heads in use, with their versions; always 1.";
    let mut infos = encoder.encode_descriptor("strata_head_info", help, None, MetricType::Gauge)?;
    for service in services {
        for (name, head) in service.heads().all() {
            let descriptor = head.descriptor();
            let labels = [
                ("model", service.model.name.clone()),
                ("head", name.clone()),
                ("version", head.version().to_owned()),
                ("problem_type", problem_type(descriptor.problem_type)),
                ("labels", descriptor.labels.len().to_string()),
            ];
            infos.encode_family(&labels)?.encode_gauge(&1_i64)?;
        }
    }
    Ok(())
}

/// Its name as JSON has it, and so `/info`.
fn problem_type(problem_type: ProblemType) -> String {
    let name = serde_json::to_value(problem_type);
    name.ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Debug for ModelCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelCollector")
    }
}
