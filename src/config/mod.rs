//! Configuration, from the file to checked values.
//!
//! `sources` applies the configuration file, the environment and the flags, in this order, to the
//! defaults in `config/strata.toml`. The result is [`Settings`], the values as written, which
//! `--print-config` shows. `check` turns them into a [`Config`], defined in `checked`, whose types
//! are the proof that the values are allowed. To add a setting: `config/strata.toml` with a comment,
//! `raw`, `checked`, `check`.
//!
//! Uses the plain types of what it configures (encoder options, recipes, log format and filter), and
//! nothing else of Strata.

mod check;
mod checked;
mod error;
mod names;
mod raw;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

pub use checked::{
    BatchingConfig, ClassifyConfig, Config, EmbedConfig, HttpConfig, LimitsConfig, LogConfig,
};
pub use error::{ConfigError, Refusal};
pub use settings::Settings;
pub use sources::{Flags, Sources};
