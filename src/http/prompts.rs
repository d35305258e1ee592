//! The checkpoint's prompts: chosen by name, or by what the texts are for.

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::excerpt::excerpt;
use super::service::Service;

/// What is put in front of each input of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The text; empty if there is none.
    pub text: String,
    /// The JSON pointer of the field that chose it, if one did.
    pub pointer: Option<&'static str>,
}

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

/// The prompt that a request gives in its field `prompt` or names in the field at `name_pointer`.
/// `native` is whether the request uses the recipe `native`, which has the checkpoint's default prompt.
///
/// # Errors
/// Both a prompt and a name are given, or the checkpoint has no prompt of that name.
pub fn choose_prompt(
    service: &Service,
    prompt: Option<String>,
    name: Option<String>,
    name_pointer: &'static str,
    native: bool,
) -> Result<Prompt, ApiError> {
    match (prompt, name) {
        (Some(_), Some(_)) => Err(ApiError::unacceptable(
            ErrorCode::ConflictingPrompts,
            name_pointer,
            "both \"prompt\" and \"prompt_name\" are given; one is allowed",
        )),
        (Some(text), None) => Ok(Prompt { text, pointer: Some("/prompt") }),
        (None, Some(name)) => {
            let known = || {
                let known: Vec<_> = service.prompts.keys().map(String::as_str).collect();
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            };
            let text = service.prompts.get(&name).cloned().ok_or_else(|| {
                let name = excerpt(&name);
                let message =
                    format!("the checkpoint has no prompt \"{name}\"; it has {}", known());
                ApiError::unacceptable(ErrorCode::UnknownPrompt, name_pointer, message)
            })?;
            Ok(Prompt { text, pointer: Some(name_pointer) })
        }
        (None, None) if native => Ok(default_prompt(service)),
        (None, None) => Ok(Prompt::default()),
    }
}

/// The prompt for texts with this purpose, which the field at `pointer` names: the checkpoint's, if it has
/// one for it, or else its default prompt, as in sentence-transformers.
pub fn purpose_prompt(
    service: &Service,
    purpose: Option<Purpose>,
    pointer: Option<&'static str>,
) -> Prompt {
    let names = purpose.map_or(&[][..], Purpose::prompt_names);
    match names.iter().find_map(|name| service.prompts.get(*name)) {
        Some(text) => Prompt { text: text.clone(), pointer },
        None => default_prompt(service),
    }
}

/// Checks that the recipe `native` reads the same text as the other outputs of a request that chooses no
/// prompt.
///
/// # Errors
/// The checkpoint has a default prompt. `pointer` is the field that names the recipe.
pub fn check_no_default(service: &Service, pointer: &str) -> Result<(), ApiError> {
    if service.default_prompt.is_none() {
        return Ok(());
    }
    let message = "the recipe native has a default prompt, which the texts of heads and other recipes \
                   don't have; choose one prompt for all by \"prompt\" or \"prompt_name\"";
    Err(ApiError::unacceptable(ErrorCode::ConflictingPrompts, pointer, message))
}

fn default_prompt(service: &Service) -> Prompt {
    Prompt { text: service.default_prompt.clone().unwrap_or_default(), pointer: None }
}
