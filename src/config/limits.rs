//! `[limits]`: limits of one request.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::error::Refusal;
use super::values::{GIB, KIB, MIB, count, within};

/// The most inputs that a configuration can allow.
pub const MOST_INPUTS: usize = 65536;

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub text_bytes: i64,
    pub inputs: i64,
    pub layers: i64,
    pub answer_bytes: i64,
    pub sequence_tokens: i64,
}

/// Limits of one request. See `[limits]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct LimitsConfig {
    /// Bytes of one text, or of each text of a pair.
    pub text_bytes: NonZeroUsize,
    /// Number of inputs.
    pub inputs: NonZeroUsize,
    /// Number of distinct layers that its recipes and heads read together.
    pub layers: NonZeroUsize,
    /// Estimated size of the answer, in bytes.
    pub answer_bytes: NonZeroUsize,
    /// Tokens per sequence, special tokens included; `None` for the checkpoint's own limit.
    pub sequence_tokens: Option<NonZeroUsize>,
}

impl TryFrom<RawLimits> for LimitsConfig {
    type Error = Refusal;

    fn try_from(raw: RawLimits) -> Result<Self, Refusal> {
        let sequence_tokens = within("limits.sequence_tokens", raw.sequence_tokens, 0, 65536)?;
        Ok(Self {
            text_bytes: count("limits.text_bytes", raw.text_bytes, 1, 16 * MIB)?,
            inputs: count("limits.inputs", raw.inputs, 1, MOST_INPUTS as i64)?,
            layers: count("limits.layers", raw.layers, 1, 1024)?,
            answer_bytes: count("limits.answer_bytes", raw.answer_bytes, KIB, 4 * GIB)?,
            sequence_tokens: NonZeroUsize::new(sequence_tokens),
        })
    }
}
