//! Who may ask: every request needs a key, if there are any, except for what orchestrators and readers
//! of the documentation ask.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use tokio::sync::watch;

use super::error::ApiError;
use super::probes::PROBES;
use crate::keys::{Key, KeyRing};

/// The patterns of the routes that need no key, beside the probes.
const OPEN: [&str; 6] = ["/", "/docs", "/docs/", "/docs/{*rest}", "/openapi.json", "/openapi.yaml"];

/// Where some clients send a key and it is not read.
const ELSEWHERE: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// The current keys. Without any, no request needs one.
#[derive(Clone, Debug)]
pub struct Auth(watch::Receiver<Arc<KeyRing>>);

impl Auth {
    /// Asks for one of the keys that `ring` has at the moment.
    pub fn new(ring: watch::Receiver<Arc<KeyRing>>) -> Self {
        Self(ring)
    }

    /// Asks for no key.
    pub fn none() -> Self {
        // The last value can be read without its sender.
        Self(watch::channel(Arc::default()).1)
    }

    /// The number of keys.
    pub fn keys(&self) -> usize {
        self.0.borrow().count()
    }

    /// Whether a request needs a key.
    pub fn is_required(&self) -> bool {
        self.0.borrow().is_required()
    }

    /// The key of a request to the route of this pattern, if it has one; `None` for the pattern of a path
    /// without a route.
    ///
    /// # Errors
    /// The request needs a key and has none, or one that is not known.
    pub fn check(
        &self,
        route: Option<&str>,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Key>>, ApiError> {
        let ring = Arc::clone(&self.0.borrow());
        if !ring.is_required() {
            return Ok(None);
        }
        let found = bearer(headers).and_then(|key| {
            let key = ring.find(key).cloned();
            key.ok_or_else(|| ApiError::Unauthorized("the key is not known".to_owned()))
        });
        let is_open = |route| OPEN.contains(&route) || PROBES.contains(&route);
        match found {
            Ok(key) => Ok(Some(key)),
            Err(_) if route.is_some_and(is_open) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The key in `Authorization: Bearer KEY`.
fn bearer(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    let refused = |message: String| Err(ApiError::Unauthorized(message));
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        let elsewhere = ELSEWHERE.iter().find(|name| headers.contains_key(**name));
        return refused(match elsewhere {
            None => "the header Authorization is missing".to_owned(),
            Some(name) => format!("the header Authorization is missing; {name} is not read"),
        });
    };
    if values.next().is_some() {
        return refused("the header Authorization is given more than once".to_owned());
    }
    let value = value.as_bytes();
    let (scheme, rest) = value.split_at(value.len().min("Bearer".len()));
    if !scheme.eq_ignore_ascii_case(b"Bearer") || !rest.starts_with(b" ") {
        return refused("the header Authorization isn't of the scheme Bearer".to_owned());
    }
    match rest.trim_ascii() {
        [] => refused("the header Authorization has no key after Bearer".to_owned()),
        key => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Vec<u8>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(<[u8]>::to_vec).map_err(|error| error.to_string())
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for value in ["Bearer k-1", "bearer k-1", "BEARER   k-1"] {
            assert_eq!(read(&[value]).unwrap(), b"k-1", "{value}");
        }
    }

    #[test]
    fn other_schemes_and_several_values_are_refused_without_quoting_them() {
        for values in [&["k-1"][..], &["Basic k-1"], &["Bearer"], &["Bearer "], &["Bearerk-1"]] {
            assert!(!read(values).unwrap_err().contains("k-1"), "{values:?}");
        }
        let twice = read(&["Bearer k-1", "Bearer k-2"]).unwrap_err();
        assert_eq!(twice, "the header Authorization is given more than once");
    }
}
