//! The configuration after checking: its types are the proof that every value is allowed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::encoder::EncoderOptions;
use crate::model::recipe::Recipe;
use crate::telemetry::logs::{LogFilter, LogFormat};

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The checkpoint's folder.
    pub model: PathBuf,
    /// The IP address to listen on.
    pub host: IpAddr,
    /// The port to listen on, 0 for any that is free.
    pub port: u16,
    /// How hidden states are computed. `threads = 0` is already replaced by the number of threads.
    pub encoder: EncoderOptions,
    /// Additional folders of head folders, in the configured order.
    pub heads: Vec<PathBuf>,
    /// How often these folders are read again, beside the notifications of the file system; `None`
    /// for never.
    pub heads_poll: Option<Duration>,
    /// HTTP server.
    pub http: HttpConfig,
    /// Limits of one request.
    pub limits: LimitsConfig,
    /// Queue and forward passes.
    pub batching: BatchingConfig,
    /// Defaults of `/embed`.
    pub embed: EmbedConfig,
    /// Defaults of `/classify`.
    pub classify: ClassifyConfig,
    /// The log.
    pub log: LogConfig,
    /// Configured recipes by name, without the built-in ones.
    pub recipes: BTreeMap<String, Recipe>,
}

/// HTTP server. See `[http]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Maximum size of a request body, in bytes.
    pub body_bytes: NonZeroUsize,
    /// Maximum size of all request bodies in flight, in bytes; at least `body_bytes`.
    pub inflight_bytes: NonZeroUsize,
    /// Time limit of a request that sets none.
    pub timeout: Duration,
    /// Maximum time limit that a request may set; at least `timeout`.
    pub max_timeout: Duration,
    /// Time limit for receiving the headers, and again for receiving the body.
    pub header_timeout: Duration,
    /// Time that open requests have to finish when the server stops.
    pub grace: Duration,
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

/// Queue and forward passes. See `[batching]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct BatchingConfig {
    /// Maximum tokens per forward pass, padding included if the encoder pads.
    pub budget_tokens: NonZeroUsize,
    /// Maximum tokens in the queue; at least `budget_tokens`.
    pub queue_tokens: NonZeroUsize,
    /// Number of waiting sequences from which the next pass is chosen.
    pub look_ahead: NonZeroUsize,
    /// Number of passes that may skip a request before it must be served.
    pub patience: u32,
    /// How long an idle encoder waits for more sequences before it starts a pass.
    pub gather: Duration,
}

/// Defaults of `/embed`.
#[derive(Clone, Debug)]
pub struct EmbedConfig {
    /// Recipe of a request that names none: a built-in recipe or one of [`Config::recipes`].
    pub recipe: String,
}

/// Defaults of `/classify`.
#[derive(Clone, Debug)]
pub struct ClassifyConfig {
    /// Heads of a request that names none; `None` for all loaded heads.
    pub heads: Option<Vec<String>>,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Format of a line.
    pub format: LogFormat,
    /// Which events are logged.
    pub filter: LogFilter,
}

impl Config {
    /// The address to listen on.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}
