//! The format of an answer, chosen by the header `Accept`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use headers_accept::Accept;
use mediatype::{MediaType, Name};

/// The media type of numpy's array files.
pub const NPY: &str = "application/x-npy";

/// The format of an answer with embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// JSON, also if the header accepts neither or can't be read, as is usual.
    Json,
    /// One array in numpy's format.
    Npy,
}

impl AnswerFormat {
    fn read(accept: &str) -> Self {
        const APPLICATION: Name<'_> = Name::new_unchecked("application");
        let json = MediaType::new(APPLICATION, Name::new_unchecked("json"));
        let npy = MediaType::new(APPLICATION, Name::new_unchecked("x-npy"));
        let accept = accept.parse::<Accept>().ok();
        let is_npy = accept.is_some_and(|accept| accept.negotiate([&json, &npy]) == Some(&npy));
        if is_npy { Self::Npy } else { Self::Json }
    }
}

impl<S: Sync> FromRequestParts<S> for AnswerFormat {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(header::ACCEPT);
        let text = accept.and_then(|accept| accept.to_str().ok());
        Ok(text.map_or(Self::Json, Self::read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_sent_only_to_clients_that_prefer_it() {
        for npy in [
            NPY,
            "Application/X-NPY",
            "application/x-npy, */*;q=0.1",
            "*/*;q=0.1, application/x-npy",
        ] {
            assert_eq!(AnswerFormat::read(npy), AnswerFormat::Npy, "{npy}");
        }
        for json in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "application/json, application/x-npy",
            "application/x-npy;q=0.5, application/json",
            "application/x-npy;q=0, */*",
            "text/html",
            // As some old clients write it.
            "text/html, *; q=.2",
        ] {
            assert_eq!(AnswerFormat::read(json), AnswerFormat::Json, "{json}");
        }
    }
}
