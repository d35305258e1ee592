//! The body of an error: problem details, RFC 9457.

use serde::Serialize;
use utoipa::ToSchema;

use super::error::ApiError;
use super::error_code::ErrorCode;

/// Problem details, RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// `urn:strata:problem:` and the code.
    pub r#type: String,
    /// The standard phrase for the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code, for programs.
    pub code: ErrorCode,
    /// What was found and what is allowed.
    pub detail: String,
    /// JSON pointer to the field at fault in the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What the client can do about it.
    pub advice: String,
    /// As in the header `x-request-id`.
    pub request_id: String,
}

impl ProblemDetails {
    /// The body that describes `error` to the client of a request.
    pub fn new(error: &ApiError, request_id: &str) -> Self {
        let code = error.code();
        Self {
            r#type: format!("urn:strata:problem:{}", code.as_str()),
            title: code.status().canonical_reason().unwrap_or_default().to_owned(),
            status: code.status().as_u16(),
            code,
            detail: error.to_string(),
            pointer: error.pointer().map(str::to_owned),
            advice: code.advice().to_owned(),
            request_id: request_id.to_owned(),
        }
    }
}
