//! The attributes that describe this server.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use uuid::Uuid;

use super::pairs::{Encoded, pairs};
use crate::telemetry::traces::error::InvalidVariable;
use crate::telemetry::traces::variables::Variables;

/// Name, version and a random id of this server, unless `OTEL_SERVICE_NAME` or
/// `OTEL_RESOURCE_ATTRIBUTES` say otherwise, and the further attributes of the latter.
///
/// # Errors
/// The list of attributes can't be read.
pub fn resource(variables: &Variables) -> Result<Resource, InvalidVariable> {
    const LIST: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let listed = pairs(LIST, variables.get(LIST).unwrap_or_default(), Encoded::Both)?;
    let name = variables.get("OTEL_SERVICE_NAME");
    let own = [
        ("service.name".to_owned(), "strata".to_owned()),
        ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id".to_owned(), Uuid::new_v4().to_string()),
    ];
    let name = name.map(|name| ("service.name".to_owned(), name.to_owned()));
    // Of attributes with the same key, the last one is used.
    let all = own.into_iter().chain(listed).chain(name);
    Ok(Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(all.map(|(key, value)| KeyValue::new(key, value)))
        .build())
}
