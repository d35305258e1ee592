//! Configuration, from the file to checked values.
//!
//! `sources` applies the configuration file, the environment and the flags, in this order, to the
//! defaults in `config/strata.toml`. The result is [`Settings`], the values as written, which
//! `--print-config` shows. Each section of the file has a module with its values as written, as
//! checked, and the checks between them; `root` has the settings outside sections. A checked type
//! can't have a value that is not allowed, and a refusal names the allowed values.
//!
//! To add a setting: `config/strata.toml` with a comment, and the section's module.
//!
//! Uses the plain types of what it configures (encoder options, recipes, keys as written, log format and
//! filter), and nothing else of Strata.

mod auth;
mod batching;
mod classify;
mod embed;
mod encoder;
mod error;
mod http;
mod limits;
mod load;
mod log;
mod models;
mod names;
mod openai;
mod recipes;
mod root;
mod settings;
mod sources;
mod tei;
#[cfg(test)]
mod tests;
mod values;

pub use auth::AuthConfig;
pub use batching::BatchingConfig;
pub use classify::ClassifyConfig;
pub use embed::EmbedConfig;
pub use error::{ConfigError, Refusal};
pub use http::HttpConfig;
pub use limits::{LimitsConfig, MOST_INPUTS};
pub use log::LogConfig;
pub use models::ServedModel;
pub use openai::OpenAiConfig;
pub use root::Config;
pub use settings::Settings;
pub use sources::{Flags, Sources};
pub use tei::TeiConfig;
