//! How long a request's client waits.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};

use super::error::ApiError;
use super::excerpt::excerpt;
use crate::config::HttpConfig;

const TIMEOUT: &str = "x-timeout-ms";

/// How clients of gRPC say it: at most eight digits and a unit.
const GRPC_TIMEOUT: &str = "grpc-timeout";
const MOST_DIGITS: usize = 8;

/// The smaller of what the headers say, at most the configured maximum; without them, the default.
///
/// # Errors
/// A header can't be read.
pub fn timeout(headers: &HeaderMap, config: &HttpConfig) -> Result<Duration, ApiError> {
    let own = headers.get(TIMEOUT).map(millis).transpose()?;
    let grpc = headers.get(GRPC_TIMEOUT).map(units).transpose()?;
    let said = own.into_iter().chain(grpc).min();
    Ok(said.map_or(config.timeout, |said| said.min(config.max_timeout)))
}

fn millis(value: &HeaderValue) -> Result<Duration, ApiError> {
    let millis = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
    let millis = millis.filter(|millis| *millis > 0).map(Duration::from_millis);
    millis.ok_or_else(|| invalid(TIMEOUT, value, "a whole number of milliseconds above 0"))
}

fn units(value: &HeaderValue) -> Result<Duration, ApiError> {
    let read = || {
        let text = value.to_str().ok()?;
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let plain = digits.len() <= MOST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = digits.parse().ok().filter(|_| plain)?;
        Some(match unit {
            "H" => Duration::from_secs(number * 3600),
            "M" => Duration::from_secs(number * 60),
            "S" => Duration::from_secs(number),
            "m" => Duration::from_millis(number),
            "u" => Duration::from_micros(number),
            "n" => Duration::from_nanos(number),
            _ => return None,
        })
    };
    let allowed = "at most 8 digits and one of the units H, M, S, m, u and n";
    read().ok_or_else(|| invalid(GRPC_TIMEOUT, value, allowed))
}

fn invalid(header: &str, value: &HeaderValue, allowed: &str) -> ApiError {
    let found = String::from_utf8_lossy(value.as_bytes());
    ApiError::InvalidHeader(format!("{header} is \"{}\"; it must be {allowed}", excerpt(&found)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(headers: &[(&'static str, &'static str)]) -> Result<Duration, String> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let config = Config::defaults().unwrap().http;
        timeout(&headers.collect(), &config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_smaller_timeout_counts_and_none_is_above_the_maximum() {
        let config = Config::defaults().unwrap().http;
        assert_eq!(read(&[]).unwrap(), config.timeout);
        assert_eq!(read(&[("x-timeout-ms", "7")]).unwrap(), Duration::from_millis(7));
        let both = [("x-timeout-ms", "7"), ("grpc-timeout", "5m")];
        assert_eq!(read(&both).unwrap(), Duration::from_millis(5));
        assert_eq!(read(&[("grpc-timeout", "99999999H")]).unwrap(), config.max_timeout);
        assert_eq!(read(&[("x-timeout-ms", "18446744073709551615")]).unwrap(), config.max_timeout);
    }

    #[test]
    fn each_unit_of_grpc_is_read_and_nothing_else() {
        for (text, time) in [
            ("1S", Duration::from_secs(1)),
            ("20m", Duration::from_millis(20)),
            ("300u", Duration::from_micros(300)),
            ("4000n", Duration::from_nanos(4000)),
            ("0m", Duration::ZERO),
        ] {
            assert_eq!(read(&[("grpc-timeout", text)]).unwrap(), time, "{text}");
        }
        for text in ["", "m", "10", "10s", "123456789m", "-1m", "+1m", "1.5S", "1 S"] {
            let said = format!("grpc-timeout is \"{text}\"; it must be at most 8 digits");
            let error = read(&[("grpc-timeout", text)]).unwrap_err();
            assert!(error.starts_with(&said), "{error}");
        }
        for text in ["", "0", "-1", "1.5", "a"] {
            let error = read(&[("x-timeout-ms", text)]).unwrap_err();
            assert!(error.contains("a whole number of milliseconds above 0"), "{error}");
        }
    }
}
