//! The checkpoint's prompts: chosen by name, or by what the texts are for.

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::state::Service;

/// What texts are embedded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// For a classifier.
    Classification,
    /// To be grouped.
    Clustering,
    /// To be compared with each other.
    Matching,
}

impl Purpose {
    /// The names under which checkpoints have a prompt for it. Those of queries and documents are the
    /// ones that sentence-transformers' `encode_query` and `encode_document` look for, in their order.
    fn prompt_names(self) -> &'static [&'static str] {
        match self {
            Self::Query => &["query"],
            Self::Document => &["document", "passage", "corpus"],
            Self::Classification => &["classification"],
            Self::Clustering => &["clustering", "separation"],
            Self::Matching => &["text-matching", "sts"],
        }
    }
}

/// The prompt to put in front of each input. `native` is whether the request uses the recipe
/// `native`, which has the checkpoint's default prompt.
///
/// # Errors
/// Both a prompt and a name are given, or the checkpoint has no prompt of that name.
pub fn choose_prompt(
    service: &Service,
    prompt: Option<String>,
    name: Option<String>,
    native: bool,
) -> Result<String, ApiError> {
    match (prompt, name) {
        (Some(_), Some(_)) => Err(ApiError::unacceptable(
            ErrorCode::ConflictingPrompts,
            "/prompt_name",
            "both \"prompt\" and \"prompt_name\" are given; one is allowed",
        )),
        (Some(prompt), None) => Ok(prompt),
        (None, Some(name)) => service.prompts.get(&name).cloned().ok_or_else(|| {
            let known: Vec<_> = service.prompts.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let name = excerpt(&name);
            let message = format!("the checkpoint has no prompt \"{name}\"; it has {known}");
            ApiError::unacceptable(ErrorCode::UnknownPrompt, "/prompt_name", message)
        }),
        (None, None) if native => Ok(service.default_prompt.clone().unwrap_or_default()),
        (None, None) => Ok(String::new()),
    }
}

/// The prompt for texts with this purpose: the checkpoint's, if it has one for it, or else its default
/// prompt, as in sentence-transformers.
pub fn purpose_prompt(service: &Service, purpose: Option<Purpose>) -> String {
    let names = purpose.map_or(&[][..], Purpose::prompt_names);
    let named = names.iter().find_map(|name| service.prompts.get(*name));
    named.or(service.default_prompt.as_ref()).cloned().unwrap_or_default()
}
