//! Configuration: what every part is told when it is built.
//!
//! `sources` lays a file, the environment and flags over the defaults of `config/strata.toml`; the
//! result is [`Settings`], as written, which `--print-config` shows. `check` makes a [`Config`] of
//! it, whose types are the proof that its values are allowed. To add a setting: the file with its
//! comment, `raw`, the type below, `check`.
//!
//! Uses the plain types of what it configures, the encoder's options, recipes and the log's format
//! and filter, and nothing else of Strata.

mod check;
mod error;
mod raw;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

pub use self::error::{ConfigError, Refusal};
pub use self::settings::Settings;
pub use self::sources::{Flags, Sources};
use crate::model::encoder::EncoderOptions;
use crate::model::recipe::Recipe;
use crate::telemetry::logs::{LogFilter, LogFormat};

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The checkpoint's folder.
    pub model: PathBuf,
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on, 0 for any that is free.
    pub port: u16,
    /// How hidden states are computed; threads already counted where the setting says 0.
    pub encoder: EncoderOptions,
    /// Folders of more head folders, in the order in which they were given.
    pub heads: Vec<PathBuf>,
    /// How often they are looked at, beside what the system tells of changes.
    pub heads_poll: Option<Duration>,
    /// The server.
    pub http: HttpConfig,
    /// What one request may ask for.
    pub limits: LimitsConfig,
    /// The queue and its passes.
    pub batching: BatchingConfig,
    /// `/embed`.
    pub embed: EmbedConfig,
    /// `/classify`.
    pub classify: ClassifyConfig,
    /// The log.
    pub log: LogConfig,
    /// Recipes by name, beside the built-in ones.
    pub recipes: BTreeMap<String, Recipe>,
}

/// The server. See `[http]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Bytes of a request's body.
    pub body_bytes: NonZeroUsize,
    /// Bytes of all bodies that are being served; at least `body_bytes`.
    pub inflight_bytes: NonZeroUsize,
    /// A request's deadline where it names none.
    pub timeout: Duration,
    /// The latest deadline that a request may name; at least `timeout`.
    pub max_timeout: Duration,
    /// How long a client may take over its headers, and again over its body.
    pub header_timeout: Duration,
    /// How long open requests have when the server stops.
    pub grace: Duration,
}

/// What one request may ask for. See `[limits]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct LimitsConfig {
    /// Bytes of one text, or of either text of a pair.
    pub text_bytes: NonZeroUsize,
    /// Inputs.
    pub inputs: NonZeroUsize,
    /// Distinct layers, of all recipes and heads together.
    pub layers: NonZeroUsize,
    /// Bytes of the answer, estimated.
    pub answer_bytes: NonZeroUsize,
    /// Tokens of a sequence, where that is to be fewer than the checkpoint takes.
    pub sequence_tokens: Option<NonZeroUsize>,
}

/// The queue and its passes. See `[batching]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct BatchingConfig {
    /// Tokens of one forward pass, with the padding of an encoder that pads.
    pub budget_tokens: NonZeroUsize,
    /// Tokens that may wait; at least `budget_tokens`.
    pub queue_tokens: NonZeroUsize,
    /// Waiting sequences among which a pass looks for some of like length.
    pub look_ahead: NonZeroUsize,
    /// Passes that a request can be passed over before its turn is due.
    pub patience: u32,
    /// How long an idle encoder waits for company.
    pub gather: Duration,
}

/// `/embed`.
#[derive(Clone, Debug)]
pub struct EmbedConfig {
    /// The recipe where the request names none: a built-in name or one of [`Config::recipes`].
    pub recipe: String,
}

/// `/classify`.
#[derive(Clone, Debug)]
pub struct ClassifyConfig {
    /// The heads where the request names none; `None` for every loaded head.
    pub heads: Option<Vec<String>>,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// Which events are logged.
    pub filter: LogFilter,
}

impl Config {
    /// Reads the sources and checks the result.
    ///
    /// # Errors
    /// The first thing that is wrong; see [`ConfigError`].
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::try_from(&sources.read()?)
    }

    /// The defaults, for tests.
    ///
    /// # Errors
    /// None, as long as `config/strata.toml` is right.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }

    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}
