//! Fields that several of the routes have.

use std::borrow::Cow;

use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::http::service::Service;
use crate::http::tokenizing::LongInput;
use crate::text::TruncationSide;

/// The side on which a long text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruncationDirection {
    /// Its first tokens are left out.
    #[serde(alias = "Left")]
    Left,
    /// Its last tokens are left out.
    #[serde(alias = "Right")]
    Right,
}

/// A derived schema would lack the aliases.
impl PartialSchema for TruncationDirection {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The side on which a long text is cut."))
            .enum_values(Some(["left", "right", "Left", "Right"]))
            .into()
    }
}

impl ToSchema for TruncationDirection {
    fn name() -> Cow<'static, str> {
        "TeiTruncationDirection".into()
    }
}

impl From<TruncationDirection> for TruncationSide {
    fn from(direction: TruncationDirection) -> Self {
        match direction {
            TruncationDirection::Left => Self::Left,
            TruncationDirection::Right => Self::Right,
        }
    }
}

/// What happens to an input with too many tokens. Without `truncate` the configuration decides, and
/// without a direction the checkpoint.
pub fn long_input(
    service: &Service,
    truncate: Option<bool>,
    direction: Option<TruncationDirection>,
) -> LongInput {
    let side = direction.map(TruncationSide::from);
    LongInput::cut_if(truncate.unwrap_or(service.tei.truncate), side)
}

/// An object without fields, which the Hub's clients send where there is nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiNoParameters)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// What the Hub's clients say to its own servers: whether to cache and to wait for a model. It has no
/// effect here.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiHubOptions)]
#[serde(deny_unknown_fields)]
pub struct HubOptions {
    /// Whether an earlier answer may be sent.
    #[serde(default, rename = "use_cache")]
    _use_cache: Option<bool>,
    /// Whether to wait until the model is loaded.
    #[serde(default, rename = "wait_for_model")]
    _wait_for_model: Option<bool>,
}
