//! The heads that a request names.

use std::sync::Arc;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::service::Service;
use crate::model::head::Head;

/// The heads that a request names, each once; without names, the configured heads that are loaded.
///
/// # Errors
/// A name that is not loaded, an empty list, or no head at all.
pub fn select(service: &Service, names: Option<&[String]>) -> Result<Vec<Arc<Head>>, ApiError> {
    let set = service.heads();
    let known = || match set.loaded.keys().map(String::as_str).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "no head is loaded".to_owned(),
        names => format!("the heads are {names}"),
    };
    let Some(names) = names else {
        let heads: Vec<_> = match &service.default_heads {
            None => set.loaded.values().cloned().collect(),
            Some(names) => names.iter().filter_map(|name| set.loaded.get(name)).cloned().collect(),
        };
        return if heads.is_empty() { Err(no_head("/heads")) } else { Ok(heads) };
    };
    if names.is_empty() {
        let message = format!("the list is empty; {}", known());
        return Err(ApiError::unacceptable(ErrorCode::UnknownHead, "/heads", message));
    }
    let mut heads: Vec<Arc<Head>> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some(head) = set.loaded.get(name) else {
            let message = match set.skipped.get(name) {
                Some(reason) => format!("head \"{name}\" was skipped: {reason}"),
                None if set.taggers.contains_key(name) => {
                    format!("head \"{name}\" classifies tokens, which /tag does; {}", known())
                }
                None => {
                    let name = excerpt(name);
                    format!("there is no head \"{name}\"; {}", known())
                }
            };
            let pointer = format!("/heads/{index}");
            return Err(ApiError::unacceptable(ErrorCode::UnknownHead, pointer, message));
        };
        if !heads.iter().any(|other| other.name() == name) {
            heads.push(Arc::clone(head));
        }
    }
    Ok(heads)
}

/// The head of a request that can't name one: the checkpoint's own classifier; or else the first of
/// the configured heads that is loaded; or else, if none is configured, the only head.
///
/// # Errors
/// No head is loaded, or none is configured and there are several.
pub fn only(service: &Service) -> Result<Arc<Head>, ApiError> {
    let set = service.heads();
    if let Some(own) = set.loaded.get(Head::CHECKPOINT) {
        return Ok(Arc::clone(own));
    }
    if let Some(names) = &service.default_heads {
        let first = names.iter().find_map(|name| set.loaded.get(name));
        return first.cloned().ok_or_else(|| no_head(""));
    }
    let mut heads = set.loaded.values();
    match (heads.next(), heads.len()) {
        (None, _) => Err(no_head("")),
        (Some(head), 0) => Ok(Arc::clone(head)),
        (Some(_), _) => {
            let names = set.loaded.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let message = format!(
                "the checkpoint has no classifier, and this route can't choose between the heads \
                 {names}: classify.heads in the server's configuration has to name one"
            );
            Err(ApiError::unacceptable(ErrorCode::UnknownHead, "", message))
        }
    }
}

fn no_head(pointer: &str) -> ApiError {
    let message = "no head is loaded, so nothing can be classified";
    ApiError::unacceptable(ErrorCode::NoHeads, pointer, message)
}
