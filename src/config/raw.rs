//! The structure of `config/strata.toml`, with numbers as wide as in TOML.
//!
//! Names and order are those of the file, whose comments describe each setting.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub model: String,
    pub host: String,
    pub port: i64,
    pub encoder: String,
    pub dtype: String,
    pub instruction_set: String,
    pub threads: i64,
    pub heads: Vec<String>,
    pub heads_poll_ms: i64,
    pub http: RawHttp,
    pub limits: RawLimits,
    pub batching: RawBatching,
    pub embed: RawEmbed,
    pub classify: RawClassify,
    pub log: RawLog,
    /// By name. Each recipe is read on its own, so that an error can name it.
    pub recipes: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub body_bytes: i64,
    pub inflight_bytes: i64,
    pub timeout_ms: i64,
    pub max_timeout_ms: i64,
    pub header_timeout_ms: i64,
    pub grace_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub text_bytes: i64,
    pub inputs: i64,
    pub layers: i64,
    pub answer_bytes: i64,
    pub sequence_tokens: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBatching {
    pub budget_tokens: i64,
    pub queue_tokens: i64,
    pub look_ahead: i64,
    pub patience: i64,
    pub gather_ms: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmbed {
    pub recipe: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClassify {
    pub heads: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub format: String,
    pub filter: String,
}
