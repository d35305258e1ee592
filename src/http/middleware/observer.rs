//! What looks at each request.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Method, header};
use ipnet::IpNet;
use tower_http::cors::CorsLayer;

use super::head::check_head;
use crate::http::auth::Auth;
use crate::http::client::{client_address, is_https};
use crate::http::cors;
use crate::http::error::ApiError;
use crate::http::key_metrics::KeyMetrics;
use crate::http::metrics::HttpMetrics;
use crate::http::models::Models;
use crate::http::state::AppState;
use crate::keys::Key;
use crate::telemetry::traces::Traces;

/// What looks at each request: who may ask, from which pages, what is counted, and what is recorded.
#[derive(Clone, Default)]
pub struct Observer {
    /// `None` where no request needs a key.
    auth: Option<Auth>,
    /// What answers web pages of other origins.
    cors: Option<CorsLayer>,
    trusted_proxies: Arc<[IpNet]>,
    /// The models, which decide the bits of answers.
    pub models: Arc<Models>,
    /// Counts requests.
    pub metrics: Arc<HttpMetrics>,
    /// Counts what each key asks for.
    pub key_metrics: Arc<KeyMetrics>,
    /// Records requests.
    pub traces: Traces,
}

impl Observer {
    /// Counts into the metrics of `state`, and records in its traces. Lets every request in, and no page of
    /// another origin.
    pub fn open(state: &AppState) -> Self {
        Self {
            trusted_proxies: state.config().trusted_proxies.as_slice().into(),
            models: Arc::clone(state.models()),
            metrics: Arc::clone(state.http_metrics()),
            key_metrics: Arc::clone(state.key_metrics()),
            traces: state.traces().clone(),
            ..Self::default()
        }
    }

    /// The same, for clients: with the keys and the origins of `state`.
    pub fn for_clients(state: &AppState) -> Self {
        let cors = cors::layer(&state.config().cors_origins);
        Self { auth: Some(state.auth().clone()), cors, ..Self::open(state) }
    }

    /// Checks the head, and says which key the request has. A browser sends no key with a preflight
    /// request, which asks whether it may.
    ///
    /// # Errors
    /// The head can't be used, or the request needs a key and has none that is known.
    pub fn check(
        &self,
        request: &Request,
        route: Option<&str>,
    ) -> Result<Option<Arc<Key>>, ApiError> {
        check_head(request)?;
        match &self.auth {
            Some(auth) if !(self.cors.is_some() && is_preflight(request)) => {
                auth.check(route, request.headers())
            }
            _ => Ok(None),
        }
    }

    /// What answers web pages of other origins, if it is to see this request. It would take every OPTIONS
    /// for a preflight request, and answer one that `is_refused`.
    pub fn cors(&self, request: &Request, is_refused: bool) -> Option<&CorsLayer> {
        let is_asked = is_preflight(request) && !is_refused;
        let sees = request.method() != Method::OPTIONS || is_asked;
        self.cors.as_ref().filter(|_| sees)
    }

    /// The address of the client.
    pub fn client(&self, request: &Request) -> IpAddr {
        client_address(request.headers(), request.extensions(), &self.trusted_proxies)
    }

    /// The scheme of the address that the client asked for.
    pub fn scheme(&self, request: &Request) -> &'static str {
        match is_https(request.headers(), request.extensions(), &self.trusted_proxies) {
            true => "https",
            false => "http",
        }
    }
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
