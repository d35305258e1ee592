//! What the variables `OTEL_…` say about traces, checked.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Uri};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::Sampler;

use super::endpoint::endpoint;
use super::pairs::{Encoded, pairs};
use super::resource::resource;
use super::sampling::sampler;
use crate::telemetry::traces::error::InvalidVariable;
use crate::telemetry::traces::variables::{ExporterVariable, Variables};

/// Variables that would change what is sent and that nothing here obeys.
const NOT_OBEYED: [&str; 5] = [
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_CONFIG_FILE",
    "OTEL_EXPERIMENTAL_CONFIG_FILE",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
];

/// The longest time in milliseconds that a variable may give.
const MAX_MILLIS: u64 = 600_000;

/// The most spans that may wait. Each takes about a kilobyte, and up to five with the longest `tracestate`
/// of a caller: 512 bytes in 32 entries.
const MAX_QUEUE: u64 = 1_000_000;

/// How traces are sampled and sent. It has no `Debug`, since the headers may hold a key.
pub struct TraceOptions {
    /// The address to which spans are posted.
    pub endpoint: Uri,
    /// Headers of each request to it.
    pub headers: HashMap<String, String>,
    /// How long a request to it may take.
    pub timeout: Duration,
    /// Whether what is sent is compressed.
    pub gzip: bool,
    /// Decides which requests are recorded.
    pub sampler: Sampler,
    /// Describes this server.
    pub resource: Resource,
    /// The most attributes of a span.
    pub attributes: u32,
    /// The most spans that wait.
    pub queue: usize,
    /// The most spans that are sent at a time.
    pub batch: usize,
    /// How long spans wait for others before they are sent.
    pub delay: Duration,
}

impl TraceOptions {
    /// Reads the variables; `None` if no endpoint is set or traces are turned off.
    ///
    /// # Errors
    /// A variable has a value that is not allowed, or one that can't be obeyed.
    pub fn read(variables: &Variables) -> Result<Option<Self>, InvalidVariable> {
        if !variables.want_traces()? {
            return Ok(None);
        }
        let Some(address) = variables.exporter("ENDPOINT") else { return Ok(None) };
        if let Some(name) = NOT_OBEYED.into_iter().find(|name| variables.get(name).is_some()) {
            return Err(InvalidVariable::new(name, "is set, but can't be obeyed", "unset it"));
        }
        check_protocol(variables)?;
        check_propagators(variables)?;
        let millis = |name: &str, value: Option<&str>, default| {
            number(name, value, default, 1..=MAX_MILLIS).map(Duration::from_millis)
        };
        let timeout = match variables.exporter("TIMEOUT") {
            Some(timeout) => millis(&timeout.name, Some(timeout.value), 10_000)?,
            None => Duration::from_secs(10),
        };
        let batching = |name: &str, default, max| {
            number(name, variables.get(name), default, 1..=max).map(|number| number as usize)
        };
        let own = |name: &str, default| millis(name, variables.get(name), default);
        let queue = batching("OTEL_BSP_MAX_QUEUE_SIZE", 2_048, MAX_QUEUE)?;
        let limit = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT";
        let attributes = number(limit, variables.get(limit), 128, 0..=u64::from(u32::MAX))?;
        Ok(Some(Self {
            endpoint: endpoint(&address)?,
            headers: headers(variables)?,
            timeout: timeout.min(own("OTEL_BSP_EXPORT_TIMEOUT", 30_000)?),
            gzip: gzip(variables)?,
            sampler: sampler(variables)?,
            resource: resource(variables)?,
            attributes: u32::try_from(attributes).unwrap_or(u32::MAX),
            queue,
            batch: batching("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", queue.min(512) as u64, queue as u64)?,
            delay: own("OTEL_BSP_SCHEDULE_DELAY", 5_000)?,
        }))
    }
}

/// A whole number in a range, or the default.
fn number(
    name: &str,
    value: Option<&str>,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, InvalidVariable> {
    let Some(value) = value else { return Ok(default) };
    match value.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => {
            let allowed = format!("it must be {} to {}", range.start(), range.end());
            Err(InvalidVariable::value(name, value, allowed))
        }
    }
}

/// The headers of each request to the collector. Their values may be secret, so messages don't quote
/// them.
fn headers(variables: &Variables) -> Result<HashMap<String, String>, InvalidVariable> {
    let Some(ExporterVariable { name, value, .. }) = variables.exporter("HEADERS") else {
        return Ok(HashMap::new());
    };
    let headers = pairs(&name, value, Encoded::Values)?;
    let is_header = |(key, value): &(String, String)| {
        HeaderName::try_from(key).is_ok() && HeaderValue::try_from(value).is_ok()
    };
    match headers.iter().position(|header| !is_header(header)) {
        None => Ok(headers.into_iter().collect()),
        Some(at) => {
            let found = format!("has no valid header in entry {}", at + 1);
            Err(InvalidVariable::new(&name, found, "write it as in name=value,other=value"))
        }
    }
}

fn gzip(variables: &Variables) -> Result<bool, InvalidVariable> {
    match variables.exporter("COMPRESSION") {
        None => Ok(false),
        Some(variable) if variable.value.eq_ignore_ascii_case("none") => Ok(false),
        Some(variable) if variable.value.eq_ignore_ascii_case("gzip") => Ok(true),
        Some(ExporterVariable { name, value, .. }) => {
            Err(InvalidVariable::value(&name, value, "gzip and none are allowed"))
        }
    }
}

fn check_protocol(variables: &Variables) -> Result<(), InvalidVariable> {
    match variables.exporter("PROTOCOL") {
        Some(ExporterVariable { name, value, .. })
            if !value.eq_ignore_ascii_case("http/protobuf") =>
        {
            let advice = "only http/protobuf is supported; collectors usually take it at port 4318";
            Err(InvalidVariable::value(&name, value, advice))
        }
        _ => Ok(()),
    }
}

/// Nothing is asked of other services, so baggage has no effect.
fn check_propagators(variables: &Variables) -> Result<(), InvalidVariable> {
    const NAME: &str = "OTEL_PROPAGATORS";
    let Some(value) = variables.get(NAME) else { return Ok(()) };
    let names: Vec<_> = value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    let known = names.iter().all(|name| name == "tracecontext" || name == "baggage");
    if known && names.iter().any(|name| name == "tracecontext") {
        return Ok(());
    }
    let advice = "it must list tracecontext, and may list baggage; others are not supported";
    Err(InvalidVariable::value(NAME, value, advice))
}
