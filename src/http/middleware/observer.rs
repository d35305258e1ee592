//! What looks at each request.

use std::sync::Arc;

use axum::extract::Request;

use super::head::check_head;
use crate::http::auth::Auth;
use crate::http::error::ApiError;
use crate::http::key_metrics::KeyMetrics;
use crate::http::metrics::HttpMetrics;
use crate::http::state::AppState;
use crate::keys::Key;

/// What looks at each request: who may ask, and what is counted.
#[derive(Clone, Default)]
pub struct Observer {
    /// `None` where no request needs a key.
    auth: Option<Auth>,
    /// Counts requests.
    pub metrics: Arc<HttpMetrics>,
    /// Counts what each key asks for.
    pub key_metrics: Arc<KeyMetrics>,
}

impl Observer {
    /// Counts into the metrics of `state`.
    pub fn new(state: &AppState, auth: Option<Auth>) -> Self {
        let (metrics, key_metrics) = (state.http_metrics().clone(), state.key_metrics().clone());
        Self { auth, metrics, key_metrics }
    }

    /// Checks the head, and says which key the request has.
    ///
    /// # Errors
    /// The head can't be used, or the request needs a key and has none that is known.
    pub fn check(
        &self,
        request: &Request,
        route: Option<&str>,
    ) -> Result<Option<Arc<Key>>, ApiError> {
        check_head(request)?;
        self.auth.as_ref().map_or(Ok(None), |auth| auth.check(route, request.headers()))
    }
}
