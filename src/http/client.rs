//! Which client a request is from, and how urgent it says that it is.

use std::net::{IpAddr, Ipv4Addr};

use axum::http::header::FORWARDED;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

use super::connection::PeerAddress;
use super::error::ApiError;
use super::excerpt::excerpt;
use crate::batching::Priority;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_PRIORITY: HeaderName = HeaderName::from_static("x-priority");

/// The address of the client of a request with these headers and extensions.
pub fn client_address(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> IpAddr {
    forwarded_address(peer_address(extensions), headers, trusted)
}

/// Whether the client of a request with these headers and extensions asked by https: only if a trusted
/// proxy says that it was asked so.
pub fn is_https(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> bool {
    forwarded_https(peer_address(extensions), headers, trusted)
}

/// The other end of the connection.
fn peer_address(extensions: &Extensions) -> IpAddr {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    extensions.get().map_or(local, |PeerAddress(peer)| peer.ip())
}

/// Whether the last element of `Forwarded` or `X-Forwarded-Proto` says https, which is that of `peer` if
/// it is one of the `trusted` proxies. Two that differ are not used.
fn forwarded_https(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    if !trusted.iter().any(|net| net.contains(&peer.to_canonical())) {
        return false;
    }
    let last = |name: &HeaderName| {
        let value = headers.get_all(name).iter().next_back()?;
        value.to_str().ok()?.rsplit(',').next()
    };
    let forwarded = last(&FORWARDED).and_then(|element| parameter(element, "proto"));
    let said: Vec<&str> = forwarded.into_iter().chain(last(&X_FORWARDED_PROTO)).collect();
    !said.is_empty() && said.iter().all(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

/// The address of the client. `peer` is the other end of the connection; only if that is one of the
/// `trusted` proxies, the client is the last address in `Forwarded` or `X-Forwarded-For` that is not
/// such a proxy. A header that can't be read is not used, and neither are two that differ, since a
/// proxy that sets one of them may pass on the other as its client sent it.
fn forwarded_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let last_stranger = |addresses: Option<Vec<IpAddr>>| {
        addresses?.into_iter().rev().find(|address| !is_trusted(address))
    };
    let read = |name: HeaderName, address_in: fn(&str) -> Option<IpAddr>| {
        headers.contains_key(&name).then(|| last_stranger(addresses(headers, &name, address_in)))
    };
    let found = match (read(FORWARDED, forwarded), read(X_FORWARDED_FOR, node)) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other).flatten(),
    };
    found.unwrap_or(peer)
}

/// The addresses of all values of a header, in order; `None` if one of them can't be read.
fn addresses(
    headers: &HeaderMap,
    name: &HeaderName,
    address_in: fn(&str) -> Option<IpAddr>,
) -> Option<Vec<IpAddr>> {
    let values = headers.get_all(name).iter().map(|value| value.to_str().ok());
    let mut all = Vec::new();
    for value in values {
        for element in value?.split(',') {
            all.push(address_in(element.trim())?);
        }
    }
    Some(all)
}

/// The address in an element of `Forwarded`, RFC 7239: `for="[2001:db8::1]:4711";proto=http`.
fn forwarded(element: &str) -> Option<IpAddr> {
    node(parameter(element, "for")?)
}

/// The value of a parameter in an element of `Forwarded`, without quotation marks.
fn parameter<'e>(element: &'e str, name: &str) -> Option<&'e str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

/// An address, with or without a port: `192.0.2.1:4711`, `[2001:db8::1]`, `2001:db8::1`.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (IpAddr::V6(address.parse().ok()?), port.strip_prefix(':'))
        }
        None => {
            let (address, port) = text.split_once(':')?;
            (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), Some(port))
        }
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    is_port.then(|| address.to_canonical())
}

/// The priority that `x-priority` asks for; without the header, interactive.
///
/// # Errors
/// Another value.
pub fn priority(headers: &HeaderMap) -> Result<Priority, ApiError> {
    match headers.get(X_PRIORITY).map(|value| value.as_bytes()) {
        None | Some(b"interactive") => Ok(Priority::Interactive),
        Some(b"batch") => Ok(Priority::Batch),
        Some(other) => {
            let found = String::from_utf8_lossy(other);
            Err(ApiError::InvalidHeader(format!(
                "{X_PRIORITY} is \"{}\"; interactive and batch are allowed",
                excerpt(&found)
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> [IpNet; 2] {
        ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap())
    }

    fn header_map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn client(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let peer = peer.parse().unwrap();
        forwarded_address(peer, &header_map(headers), &trusted()).to_string()
    }

    #[test]
    fn headers_of_a_peer_that_is_not_trusted_mean_nothing() {
        assert_eq!(client("192.0.2.1", &[("x-forwarded-for", "192.0.2.9")]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &[("forwarded", "for=192.0.2.9")]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_last_other_address_is_the_client() {
        for (value, address) in [
            ("192.0.2.9", "192.0.2.9"),
            ("198.51.100.7, 192.0.2.9", "192.0.2.9"),
            ("192.0.2.9, 10.1.1.1, 10.2.2.2", "192.0.2.9"),
            ("192.0.2.9:4711", "192.0.2.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.9", "192.0.2.9"),
        ] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", value)]), address, "{value}");
        }
        let several = [("x-forwarded-for", "192.0.2.8"), ("x-forwarded-for", "192.0.2.9")];
        assert_eq!(client("::ffff:10.0.0.1", &several), "192.0.2.9");
        for (value, address) in [
            ("for=192.0.2.9;proto=http;by=10.0.0.1", "192.0.2.9"),
            ("For=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=192.0.2.8, for=192.0.2.9;host=a", "192.0.2.9"),
        ] {
            assert_eq!(client("::1", &[("forwarded", value)]), address, "{value}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_read_leaves_the_peer() {
        for value in ["", "unknown", "192.0.2.9, nobody", "192.0.2.9:x", "[::1", "10.1.1.1"] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", value)]), "10.0.0.1", "{value}");
        }
        for value in ["for=_hidden", "proto=http", "for=192.0.2.9, for=unknown"] {
            assert_eq!(client("10.0.0.1", &[("forwarded", value)]), "10.0.0.1", "{value}");
        }
    }

    #[test]
    fn two_headers_that_differ_leave_the_peer() {
        let both =
            |one, other| client("10.0.0.1", &[("forwarded", one), ("x-forwarded-for", other)]);
        assert_eq!(both("for=192.0.2.9", "192.0.2.9"), "192.0.2.9");
        assert_eq!(both("for=192.0.2.8", "192.0.2.9"), "10.0.0.1");
        assert_eq!(both("for=unknown", "192.0.2.9"), "10.0.0.1");
    }

    #[test]
    fn only_a_trusted_proxy_says_that_the_client_asked_by_https() {
        let https = |peer: &str, headers: &[(&'static str, &'static str)]| {
            forwarded_https(peer.parse().unwrap(), &header_map(headers), &trusted())
        };
        let proto = ("x-forwarded-proto", "https");
        for headers in [
            &[proto][..],
            &[("x-forwarded-proto", "http, HTTPS")],
            &[("x-forwarded-proto", "http"), proto],
            &[("forwarded", "for=192.0.2.9;proto=http, for=10.1.1.1;proto=\"https\"")],
            &[("forwarded", "for=192.0.2.9"), proto],
            &[("forwarded", "proto=https"), proto],
        ] {
            assert!(https("10.0.0.1", headers), "{headers:?}");
            assert!(!https("192.0.2.1", headers), "{headers:?}");
        }
        for headers in [
            &[][..],
            &[("x-forwarded-proto", "http")],
            &[("x-forwarded-proto", "https, http")],
            &[("forwarded", "for=192.0.2.9;proto=https, for=10.1.1.1;proto=http")],
            &[("forwarded", "for=https")],
            &[("forwarded", "proto=http"), proto],
        ] {
            assert!(!https("10.0.0.1", headers), "{headers:?}");
        }
    }

    #[test]
    fn the_priority_is_interactive_or_batch() {
        let read = |value: &'static str| {
            priority(&HeaderMap::from_iter([(X_PRIORITY, value.parse().unwrap())]))
        };
        assert_eq!(priority(&HeaderMap::new()).unwrap(), Priority::Interactive);
        assert_eq!(read("interactive").unwrap(), Priority::Interactive);
        assert_eq!(read("batch").unwrap(), Priority::Batch);
        let refused = read("Batch").unwrap_err().to_string();
        assert_eq!(refused, "x-priority is \"Batch\"; interactive and batch are allowed");
    }
}
