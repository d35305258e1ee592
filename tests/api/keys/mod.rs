//! API keys: who may ask, how much, and what is said and logged about it.

mod admin;
mod asking;
mod cors;
mod limits;
mod process;

use std::sync::Arc;

use axum::http::{Request, header};
use strata::http::auth::Auth;
use strata::keys::{KeyEntry, KeyRing, Sha256Hash};
use tokio::sync::watch;

/// A key that is known in these tests, and another.
const KEY: &str = "strata_first-key-of-the-tests";
const OTHER_KEY: &str = "strata_second-key-of-the-tests";

/// The entry of a key in a file, with further fields.
fn entry(name: &str, key: &str, fields: &str) -> String {
    let sha256 = Sha256Hash::of_key(key.as_bytes()).to_hex();
    format!("[{name}]\nsha256 = '{sha256}'\n{fields}\n")
}

/// Asks for one of these keys.
fn auth(entries: &[String]) -> Auth {
    let entries = KeyEntry::read_all(&entries.join("\n"), "keys.toml").unwrap();
    Auth::new(watch::channel(Arc::new(KeyRing::new(&entries, &KeyRing::default()))).1)
}

/// The request with a key.
fn with_key<B>(mut request: Request<B>, key: &str) -> Request<B> {
    let value = format!("Bearer {key}").parse().unwrap();
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}
