//! Turns the settings as written into a checked [`Config`]. A refusal names the allowed values. The
//! ranges are also in the comments of `config/strata.toml`; a test compares the two.

mod encoder;
mod values;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use toml::Table;

use super::checked::{
    BatchingConfig, ClassifyConfig, Config, EmbedConfig, HttpConfig, LimitsConfig, LogConfig,
};
use super::error::{ConfigError, Refusal};
use super::raw::{RawBatching, RawConfig, RawHttp, RawLimits, RawLog};
use super::settings::Settings;
use super::sources::Sources;
use crate::model::recipe::Recipe;
use crate::model::recipe_book::BUILT_IN;
use crate::telemetry::logs::{LogFilter, LogFormat};

use values::{address, choice, count, millis, path, paths, within};

const KIB: i64 = 1 << 10;
const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;
const HOUR_MS: i64 = 3_600_000;

impl Config {
    /// Reads the sources and checks the result.
    ///
    /// # Errors
    /// The first error that is found; see [`ConfigError`].
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::try_from(&sources.read()?)
    }

    /// The default configuration.
    ///
    /// # Errors
    /// None, as long as `config/strata.toml` is valid.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }
}

impl TryFrom<&Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: &Settings) -> Result<Self, ConfigError> {
        Self::try_from(settings.raw()?).map_err(|refusal| {
            let origin = settings.origin(&refusal.key).to_owned();
            ConfigError::Refused { refusal, origin }
        })
    }
}

impl TryFrom<RawConfig> for Config {
    type Error = Refusal;

    fn try_from(raw: RawConfig) -> Result<Self, Refusal> {
        let recipes = recipes(raw.recipes)?;
        Ok(Self {
            model: path("model", raw.model)?,
            host: address("host", raw.host)?,
            port: within("port", raw.port, 0, 65535)?,
            encoder: encoder::options(raw.encoder, raw.dtype, raw.threads, raw.instruction_set)?,
            heads: paths("heads", raw.heads)?,
            heads_poll: Some(millis("heads_poll_ms", raw.heads_poll_ms, 0, HOUR_MS)?)
                .filter(|poll| !poll.is_zero()),
            http: raw.http.try_into()?,
            limits: raw.limits.try_into()?,
            batching: raw.batching.try_into()?,
            embed: EmbedConfig {
                recipe: known_recipe("embed.recipe", raw.embed.recipe, &recipes)?,
            },
            classify: ClassifyConfig {
                heads: Some(raw.classify.heads).filter(|heads| !heads.is_empty()),
            },
            log: raw.log.try_into()?,
            recipes,
        })
    }
}

impl TryFrom<RawHttp> for HttpConfig {
    type Error = Refusal;

    fn try_from(raw: RawHttp) -> Result<Self, Refusal> {
        let timeout = millis("http.timeout_ms", raw.timeout_ms, 1, HOUR_MS)?;
        let max_timeout = millis("http.max_timeout_ms", raw.max_timeout_ms, 1, HOUR_MS)?;
        if max_timeout < timeout {
            let advice = format!("must be no less than http.timeout_ms, {}", raw.timeout_ms);
            return Err(Refusal::new("http.max_timeout_ms", raw.max_timeout_ms, advice));
        }
        let body_bytes = count("http.body_bytes", raw.body_bytes, KIB, GIB)?;
        let inflight_bytes = count("http.inflight_bytes", raw.inflight_bytes, KIB, 64 * GIB)?;
        if inflight_bytes < body_bytes {
            let advice = format!("must be no less than http.body_bytes, {body_bytes}");
            return Err(Refusal::new("http.inflight_bytes", raw.inflight_bytes, advice));
        }
        Ok(Self {
            body_bytes,
            inflight_bytes,
            timeout,
            max_timeout,
            header_timeout: millis("http.header_timeout_ms", raw.header_timeout_ms, 1, 600_000)?,
            grace: millis("http.grace_ms", raw.grace_ms, 1, 600_000)?,
        })
    }
}

impl TryFrom<RawLimits> for LimitsConfig {
    type Error = Refusal;

    fn try_from(raw: RawLimits) -> Result<Self, Refusal> {
        let sequence_tokens = within("limits.sequence_tokens", raw.sequence_tokens, 0, 65536)?;
        Ok(Self {
            text_bytes: count("limits.text_bytes", raw.text_bytes, 1, 16 * MIB)?,
            inputs: count("limits.inputs", raw.inputs, 1, 65536)?,
            layers: count("limits.layers", raw.layers, 1, 1024)?,
            answer_bytes: count("limits.answer_bytes", raw.answer_bytes, KIB, 4 * GIB)?,
            sequence_tokens: NonZeroUsize::new(sequence_tokens),
        })
    }
}

impl TryFrom<RawBatching> for BatchingConfig {
    type Error = Refusal;

    fn try_from(raw: RawBatching) -> Result<Self, Refusal> {
        let budget_tokens = count("batching.budget_tokens", raw.budget_tokens, 1, MIB)?;
        let queue_tokens = count("batching.queue_tokens", raw.queue_tokens, 1, GIB)?;
        if queue_tokens < budget_tokens {
            let advice = format!("must be no fewer than batching.budget_tokens, {budget_tokens}");
            return Err(Refusal::new("batching.queue_tokens", raw.queue_tokens, advice));
        }
        Ok(Self {
            budget_tokens,
            queue_tokens,
            look_ahead: count("batching.look_ahead", raw.look_ahead, 1, 65536)?,
            patience: within("batching.patience", raw.patience, 0, 10_000)?,
            gather: millis("batching.gather_ms", raw.gather_ms, 0, 10_000)?,
        })
    }
}

impl TryFrom<RawLog> for LogConfig {
    type Error = Refusal;

    fn try_from(raw: RawLog) -> Result<Self, Refusal> {
        let formats = [("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
        let filter = LogFilter::parse(&raw.filter);
        Ok(Self {
            format: choice("log.format", raw.format, &formats)?,
            filter: filter.map_err(|error| {
                let advice =
                    format!("{error}; must be a level, or directives such as info,strata=debug");
                Refusal::new("log.filter", raw.filter, advice)
            })?,
        })
    }
}

fn recipes(raw: Table) -> Result<BTreeMap<String, Recipe>, Refusal> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let mut recipes = BTreeMap::new();
    for (name, value) in raw {
        let refused =
            |advice: String| Refusal::new(format!("recipes.{name}"), value.clone(), advice);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(refused("the name must be made of a to z, 0 to 9 and \"-\"".to_owned()));
        }
        if BUILT_IN.contains(&name.as_str()) {
            return Err(refused("the name must not be that of a built-in recipe".to_owned()));
        }
        let recipe = value.clone().try_into().map_err(|error: toml::de::Error| {
            refused(error.to_string().trim_end().replace('\n', " "))
        })?;
        recipes.insert(name, recipe);
    }
    Ok(recipes)
}

fn known_recipe(
    key: &str,
    written: String,
    recipes: &BTreeMap<String, Recipe>,
) -> Result<String, Refusal> {
    let names: Vec<&str> = BUILT_IN.into_iter().chain(recipes.keys().map(String::as_str)).collect();
    if names.contains(&written.as_str()) {
        return Ok(written);
    }
    let advice = format!("must be one of {}", names.join(", "));
    Err(Refusal::new(key, written, advice))
}
