//! Checks of single values. A refusal names the allowed values.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use axum::http::uri::{Authority, Scheme};
use ipnet::IpNet;

use super::error::Refusal;

pub(super) const KIB: i64 = 1 << 10;
pub(super) const MIB: i64 = 1 << 20;
pub(super) const GIB: i64 = 1 << 30;
pub(super) const HOUR_MS: i64 = 3_600_000;

/// The value that one of the `known` words stands for.
pub(super) fn choice<T: Copy>(
    key: &str,
    written: String,
    known: &[(&str, T)],
) -> Result<T, Refusal> {
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == written) {
        return Ok(*value);
    }
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    Err(Refusal::new(key, written, format!("must be one of {}", words.join(", "))))
}

/// An IP address.
pub(super) fn address(key: &str, written: String) -> Result<IpAddr, Refusal> {
    let advice = "must be an IP address such as 127.0.0.1, 0.0.0.0 or ::";
    written.parse().map_err(|_| Refusal::new(key, written, advice))
}

/// An IP address with a port; blank for none.
pub(super) fn socket_address(key: &str, written: String) -> Result<Option<SocketAddr>, Refusal> {
    if written.trim().is_empty() {
        return Ok(None);
    }
    let advice = "must be an IP address with a port, such as 127.0.0.1:9100 or [::]:9100";
    written.parse().map(Some).map_err(|_| Refusal::new(key, written, advice))
}

/// Web origins, or `*` for all.
pub(super) fn origins(key: &str, written: Vec<String>) -> Result<Vec<String>, Refusal> {
    let is_origin = |text: &str| {
        let parts = text.parse::<Uri>().ok().map(Uri::into_parts);
        let known = parts.and_then(|parts| Some((parts.scheme?, parts.authority?)));
        let written = |(scheme, authority): (Scheme, Authority)| {
            let default = if scheme == Scheme::HTTPS { 443 } else { 80 };
            let plain = [Scheme::HTTP, Scheme::HTTPS].contains(&scheme)
                && authority.port_u16() != Some(default)
                && !authority.as_str().contains(['@', '*'])
                && authority.as_str() == authority.as_str().to_lowercase();
            plain && text == format!("{scheme}://{authority}")
        };
        text == "*" || known.is_some_and(written)
    };
    match written.iter().find(|origin| !is_origin(origin)) {
        None => Ok(written),
        Some(other) => {
            let advice = "must be origins as browsers send them, in lower case and without the scheme's \
                          own port, such as https://example.org or http://localhost:3000, or \"*\" for all";
            Err(Refusal::new(key, other.as_str(), advice))
        }
    }
}

/// A list of IP addresses and networks. An address is a network of one.
pub(super) fn networks(key: &str, written: &[String]) -> Result<Vec<IpNet>, Refusal> {
    let network = |text: &String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
            let advice = "must be IP addresses or networks such as 10.0.0.0/8 or ::1";
            Refusal::new(key, text.as_str(), advice)
        })
    };
    written.iter().map(network).collect()
}

/// A list of paths.
pub(super) fn paths(key: &str, written: Vec<String>) -> Result<Vec<PathBuf>, Refusal> {
    written.into_iter().map(|written| path(key, written)).collect()
}

/// Names, none of them blank.
pub(super) fn names(key: &str, written: Vec<String>) -> Result<Vec<String>, Refusal> {
    match written.iter().find(|name| name.trim().is_empty()) {
        Some(blank) => Err(Refusal::new(key, blank.as_str(), "must be a name")),
        None => Ok(written),
    }
}

/// A path, not blank.
pub(super) fn path(key: &str, written: String) -> Result<PathBuf, Refusal> {
    if written.trim().is_empty() {
        return Err(Refusal::new(key, written, "must be the path of a folder"));
    }
    Ok(written.into())
}

/// A number from `min` to `max`.
pub(super) fn within<T: TryFrom<i64>>(
    key: &str,
    written: i64,
    min: i64,
    max: i64,
) -> Result<T, Refusal> {
    let refused = || Refusal::new(key, written, format!("must be {min} to {max}"));
    if !(min..=max).contains(&written) {
        return Err(refused());
    }
    written.try_into().map_err(|_| refused())
}

/// A number from `min` to `max`, with `min` at least 1.
pub(super) fn count(key: &str, written: i64, min: i64, max: i64) -> Result<NonZeroUsize, Refusal> {
    let number = within(key, written, min, max)?;
    NonZeroUsize::new(number)
        .ok_or_else(|| Refusal::new(key, written, format!("must be {min} to {max}")))
}

/// A duration of `min` to `max` milliseconds.
pub(super) fn millis(key: &str, written: i64, min: i64, max: i64) -> Result<Duration, Refusal> {
    within(key, written, min, max).map(Duration::from_millis)
}
