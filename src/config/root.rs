//! The whole configuration, and the settings that belong to no section: as written, then as checked.
//!
//! Names and order are those of `config/strata.toml`, whose comments describe each setting and its
//! range; a test compares the ranges with the checks.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::auth::{AuthConfig, RawAuth};
use super::batching::{BatchingConfig, RawBatching};
use super::classify::{ClassifyConfig, RawClassify};
use super::embed::{EmbedConfig, RawEmbed};
use super::encoder;
use super::error::Refusal;
use super::http::{HttpConfig, RawHttp};
use super::limits::{LimitsConfig, RawLimits};
use super::log::{LogConfig, RawLog};
use super::openai::OpenAiConfig;
use super::recipes::recipes;
use super::tei::TeiConfig;
use super::values::{HOUR_MS, address, millis, names, path, paths, socket_address, within};
use crate::model::encoder::EncoderOptions;
use crate::model::recipe::Recipe;

/// As written, with numbers as wide as in TOML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub model: String,
    pub aliases: Vec<String>,
    pub host: String,
    pub port: i64,
    pub admin_address: String,
    pub encoder: String,
    pub dtype: String,
    pub instruction_set: String,
    pub f32_products: String,
    pub threads: i64,
    pub heads: Vec<String>,
    pub heads_poll_ms: i64,
    pub calibrations: Vec<String>,
    pub http: RawHttp,
    pub auth: RawAuth,
    pub limits: RawLimits,
    pub batching: RawBatching,
    pub embed: RawEmbed,
    pub openai: OpenAiConfig,
    pub tei: TeiConfig,
    pub classify: RawClassify,
    pub log: RawLog,
    /// By name. Each recipe is read on its own, so that an error can name it.
    pub recipes: toml::Table,
    /// By name. Each model is read as settings of its own.
    #[serde(rename = "models")]
    _models: toml::Table,
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The checkpoint's folder.
    pub model: PathBuf,
    /// Further names under which requests may ask for the model.
    pub aliases: Vec<String>,
    /// The IP address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 for any free port.
    pub port: u16,
    /// The address of metrics and docs, if they have one of their own.
    pub admin_address: Option<SocketAddr>,
    /// How hidden states are computed. `threads = 0` is already replaced by the number of threads.
    pub encoder: EncoderOptions,
    /// Additional folders of head folders, in the configured order.
    pub heads: Vec<PathBuf>,
    /// How often these folders are read again, beside the notifications of the file system; `None`
    /// for never.
    pub heads_poll: Option<Duration>,
    /// Files with the ranges of embeddings.
    pub calibrations: Vec<PathBuf>,
    /// HTTP server.
    pub http: HttpConfig,
    /// The API keys.
    pub auth: AuthConfig,
    /// Limits of one request.
    pub limits: LimitsConfig,
    /// Queue and forward passes.
    pub batching: BatchingConfig,
    /// Defaults of `/embed`.
    pub embed: EmbedConfig,
    /// The routes under `/v1`.
    pub openai: OpenAiConfig,
    /// The routes under `/tei`.
    pub tei: TeiConfig,
    /// Defaults of `/classify`.
    pub classify: ClassifyConfig,
    /// The log.
    pub log: LogConfig,
    /// Configured recipes by name, without the built-in ones.
    pub recipes: BTreeMap<String, Recipe>,
}

impl Config {
    /// The address to listen on.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl TryFrom<RawConfig> for Config {
    type Error = Refusal;

    fn try_from(raw: RawConfig) -> Result<Self, Refusal> {
        let recipes = recipes(raw.recipes)?;
        let http = HttpConfig::try_from(raw.http)?;
        let limits = LimitsConfig::try_from(raw.limits)?;
        http.check_memory(&limits)?;
        let (host, port) = (address("host", raw.host)?, within("port", raw.port, 0, 65535)?);
        let admin_address = socket_address("admin_address", raw.admin_address)?;
        if port != 0 && admin_address == Some(SocketAddr::new(host, port)) {
            let advice = "must differ from host and port, where clients ask";
            let written = SocketAddr::new(host, port).to_string();
            return Err(Refusal::new("admin_address", written, advice));
        }
        Ok(Self {
            model: path("model", raw.model)?,
            aliases: names("aliases", raw.aliases)?,
            host,
            port,
            admin_address,
            encoder: encoder::options(
                raw.encoder,
                raw.dtype,
                raw.threads,
                raw.instruction_set,
                raw.f32_products,
            )?,
            heads: paths("heads", raw.heads)?,
            heads_poll: Some(millis("heads_poll_ms", raw.heads_poll_ms, 0, HOUR_MS)?)
                .filter(|poll| !poll.is_zero()),
            calibrations: paths("calibrations", raw.calibrations)?,
            batching: raw.batching.check(http.timeout)?,
            http,
            auth: raw.auth.try_into()?,
            limits,
            embed: raw.embed.check(&recipes)?,
            openai: raw.openai,
            tei: raw.tei,
            classify: raw.classify.into(),
            log: raw.log.try_into()?,
            recipes,
        })
    }
}
