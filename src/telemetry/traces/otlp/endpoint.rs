//! The address of the collector.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::telemetry::traces::error::InvalidVariable;
use crate::telemetry::traces::variables::ExporterVariable;

/// The path of traces below that of all signals.
const TRACES: &str = "v1/traces";

/// The address to which spans are posted. If the variable is the one of all signals, its path is completed
/// by `/v1/traces`; its query stays.
///
/// # Errors
/// It is not the address of a collector that can be reached over plain HTTP. The message doesn't quote it,
/// since it may hold a password.
pub fn endpoint(variable: &ExporterVariable) -> Result<Uri, InvalidVariable> {
    let refused =
        |found: &str, advice: &str| Err(InvalidVariable::new(&variable.name, found, advice));
    let example = "write it as in http://localhost:4318";
    if variable.value.contains('#') {
        return refused("has a fragment, which is never sent", "leave out \"#\" and what follows");
    }
    let Ok(uri) = variable.value.parse::<Uri>() else {
        return refused("is not a URL", example);
    };
    if uri.scheme_str() == Some("https") {
        return refused(
            "begins with https, which isn't supported",
            "send to a collector in this network by http; it can pass everything on by https",
        );
    }
    let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
        return refused("is not a URL that begins with http://", example);
    };
    if authority.as_str().contains('@') {
        return refused("has a user", "set OTEL_EXPORTER_OTLP_HEADERS=authorization=… instead");
    }
    let host = authority.host();
    if host.is_empty() {
        return refused("has no host", example);
    }
    // The parser of addresses takes any text for a port, and that of numbers a sign.
    let port = authority.as_str().strip_prefix(host).unwrap_or_default();
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u16| port > 0)
    };
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return refused("has an invalid port", "the port must be 1 to 65535");
    }
    if variable.for_traces {
        return Ok(uri);
    }
    match completed(uri) {
        Some(uri) => Ok(uri),
        None => refused("is not a URL", example),
    }
}

/// The address with the path of traces.
fn completed(uri: Uri) -> Option<Uri> {
    let path = uri.path().trim_end_matches('/');
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}/{TRACES}?{query}"),
        None => format!("{path}/{TRACES}"),
    };
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(path_and_query.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str, for_traces: bool) -> Result<String, String> {
        let name = "E".to_owned();
        let uri = endpoint(&ExporterVariable { name, value, for_traces });
        uri.map(|uri| uri.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_path_of_all_signals_is_completed_before_the_query() {
        for (value, address) in [
            ("http://host:4318", "http://host:4318/v1/traces"),
            ("http://host:4318/", "http://host:4318/v1/traces"),
            ("http://host", "http://host/v1/traces"),
            ("http://[::1]:4318/a/b//", "http://[::1]:4318/a/b/v1/traces"),
            ("http://host:4318?token=secret", "http://host:4318/v1/traces?token=secret"),
            ("http://host:4318/a/?b=c/", "http://host:4318/a/v1/traces?b=c/"),
        ] {
            assert_eq!(read(value, false).as_deref(), Ok(address), "{value}");
        }
    }

    #[test]
    fn the_address_of_traces_is_used_as_it_is() {
        for value in ["http://host:65535/", "http://host:1/a/?token=secret", "http://[::1]/a"] {
            assert_eq!(read(value, true).as_deref(), Ok(value));
        }
    }

    #[test]
    fn what_is_no_address_of_a_collector_is_refused() {
        for (value, found) in [
            ("http://host:4318#secret", "has a fragment"),
            ("http://host/?a=b#secret", "has a fragment"),
            ("http://localhost:secret", "has an invalid port"),
            ("http://localhost:99999", "has an invalid port"),
            ("http://localhost:0", "has an invalid port"),
            ("http://localhost:+1", "has an invalid port"),
            ("http://localhost:", "has an invalid port"),
            ("http://[::1]:", "has an invalid port"),
            ("http://:4318", "has no host"),
            ("http://secret@host", "has a user"),
            ("https://secret", "begins with https"),
            ("localhost:4318", "is not a URL"),
            ("secret", "is not a URL"),
            ("ftp://secret", "is not a URL that begins with http://"),
            ("http://", "is not a URL"),
            ("http://a b", "is not a URL"),
        ] {
            for for_traces in [false, true] {
                let refusal = read(value, for_traces).unwrap_err();
                assert!(refusal.starts_with(&format!("E {found}")), "{value}: {refusal}");
                assert!(!refusal.contains("secret"), "{refusal}");
            }
        }
    }
}
