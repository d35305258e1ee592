//! Which model a path names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::Deserialize;

use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::excerpt::excerpt;
use crate::http::models::{Entry, Wanted};
use crate::http::service::Service;
use crate::http::state::AppState;

/// The variable parts of a path.
#[derive(Deserialize)]
struct Parameters {
    model: String,
    /// The second part of a name from a hub.
    rest: Option<String>,
    version: Option<String>,
}

/// A model, and perhaps the version of it that a client relies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPath {
    /// The model's name.
    pub name: String,
    /// The fingerprint of its encoder.
    pub version: Option<String>,
}

/// What a body says of the model, which must be what the path says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelNamed {
    /// A name of the model.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

impl ModelNamed {
    /// Checks that both mean the same model.
    ///
    /// # Errors
    /// They don't.
    pub fn check(&self, entry: &Entry, service: &Service) -> Result<(), ApiError> {
        let refused = |field: &str, found: &str| {
            let message = format!(
                "\"{}\" isn't the model of the path, {}",
                excerpt(found),
                service.model.name
            );
            Err(ApiError::invalid_field(format!("/{field}"), message))
        };
        match (&self.name, &self.version) {
            (Some(name), _) if !entry.names().any(|own| own == name) => refused("model_name", name),
            (_, Some(version)) if *version != service.model.fingerprint => {
                refused("model_version", version)
            }
            _ => Ok(()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ModelPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Fails only if a part isn't UTF-8 once it is decoded.
        let path = Path::<Parameters>::from_request_parts(parts, state).await;
        let Path(Parameters { model, rest, version }) = path.map_err(|_| ApiError::NotFound)?;
        let name = match rest {
            Some(rest) => format!("{model}/{rest}"),
            None => model,
        };
        Ok(Self { name, version })
    }
}

impl ModelPath {
    /// The model of a name; an empty version is none.
    #[cfg(feature = "grpc")]
    pub fn new(name: String, version: String) -> Self {
        Self { name, version: Some(version).filter(|version| !version.is_empty()) }
    }

    /// The model, which serves.
    ///
    /// # Errors
    /// There is no such model, it isn't loaded, or it has another version.
    pub fn service(&self, state: &AppState) -> Result<Arc<Service>, ApiError> {
        self.entry(state)?.serve()
    }

    /// The model, whether it serves or not.
    ///
    /// # Errors
    /// There is no such model, or it has another version.
    pub fn entry(&self, state: &AppState) -> Result<Entry, ApiError> {
        let entry = state.models().find(Wanted::Named { name: &self.name, pointer: "" })?;
        entry.service().map_or(Ok(()), |service| self.check_version(service))?;
        Ok(entry)
    }

    fn check_version(&self, service: &Service) -> Result<(), ApiError> {
        let served = &service.model.fingerprint;
        match &self.version {
            Some(version) if version != served => {
                let version = excerpt(version);
                let message = format!(
                    "there is no version \"{version}\" of the model \"{}\"; there is {served}",
                    service.model.name
                );
                Err(ApiError::unacceptable(ErrorCode::UnknownModel, "", message))
            }
            _ => Ok(()),
        }
    }
}
