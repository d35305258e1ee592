//! The sampler that `OTEL_TRACES_SAMPLER` names.

use opentelemetry_sdk::trace::Sampler;

use crate::telemetry::traces::error::InvalidVariable;
use crate::telemetry::traces::variables::Variables;

const SAMPLER: &str = "OTEL_TRACES_SAMPLER";

/// The sampler; by default each request is recorded, unless its caller doesn't record it.
///
/// # Errors
/// Its name or its ratio is not allowed.
pub fn sampler(variables: &Variables) -> Result<Sampler, InvalidVariable> {
    let Some(value) = variables.get(SAMPLER) else {
        return Ok(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)));
    };
    let name = value.to_ascii_lowercase();
    let (name, by_parent) = match name.strip_prefix("parentbased_") {
        Some(rest) => (rest, true),
        None => (name.as_str(), false),
    };
    let sampler = match name {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(ratio(variables)?),
        _ => {
            let advice = "always_on, always_off and traceidratio are allowed, each also behind \
                          parentbased_";
            return Err(InvalidVariable::value(SAMPLER, value, advice));
        }
    };
    Ok(if by_parent { Sampler::ParentBased(Box::new(sampler)) } else { sampler })
}

fn ratio(variables: &Variables) -> Result<f64, InvalidVariable> {
    const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(value) = variables.get(RATIO) else { return Ok(1.0) };
    match value.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(InvalidVariable::value(RATIO, value, "it must be 0 to 1")),
    }
}
