//! Statuses that several services have in common.

use axum::http::StatusCode;

use crate::http::error_code::ErrorCode;

/// The status of an error at OpenAI, Cohere and Jina: 400 for what a request says wrongly. Missing ranges are not the request's fault alone, and keep their 422.
pub fn plain_status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::NotCalibrated => code.status(),
        _ if code.status() == StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        _ => code.status(),
    }
}
