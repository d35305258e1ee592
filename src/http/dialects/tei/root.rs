//! `POST /tei`: what the model computes.

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;

use super::embed::embed;
use super::predict::predict;
use super::rerank::rerank;
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::models::Wanted;
use crate::http::service::Service;
use crate::http::state::AppState;
use crate::model::head::Head;

/// What the checkpoint computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// It has no classifier.
    Embedding,
    /// Its classifier has several labels.
    Classification,
    /// Its classifier has one label.
    Reranking,
}

impl ModelKind {
    /// The kind of the checkpoint that is served.
    pub fn find(service: &Service) -> Self {
        let heads = service.heads();
        match heads.loaded.get(Head::CHECKPOINT).map(|own| own.descriptor().labels.len()) {
            None => Self::Embedding,
            Some(1) => Self::Reranking,
            Some(_) => Self::Classification,
        }
    }
}

/// Embeds, classifies or reranks, as the checkpoint does.
pub async fn root(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let first = state.models().choose(Wanted::First)?;
    let kind = ModelKind::find(&first);
    match kind {
        ModelKind::Embedding => embed(ApiJson::from_request(request, &state).await?).await,
        ModelKind::Classification => predict(ApiJson::from_request(request, &state).await?).await,
        ModelKind::Reranking => rerank(ApiJson::from_request(request, &state).await?).await,
    }
}
