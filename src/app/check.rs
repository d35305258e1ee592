//! `strata serve --check`: reads everything, loads nothing, and says what would be served.

use std::fmt;
use std::iter;

use super::error::{LoadError, ServeError};
use super::load::open_heads;
use super::parts::read_parts;
use super::source::Source;
use crate::config::{Config, ServedModel};
use crate::heads::HeadSet;
use crate::hub;
use crate::keys::Key;
use crate::model::checkpoint::LeftOut;
use crate::model::encoder::{EncoderKind, EncoderOptions, NoInstructions};
use crate::quantization::Calibrations;

/// What would be served. `Display` writes a line for each part of it.
#[derive(Debug)]
pub struct Checked {
    config: Config,
    models: Vec<CheckedModel>,
    keys: Vec<String>,
}

/// A model that would be served.
#[derive(Debug)]
struct CheckedModel {
    source: Source,
    name: String,
    aliases: Vec<String>,
    fingerprint: String,
    encoder: String,
    numerics: String,
    sequence_tokens: usize,
    left_out: LeftOut,
    recipes: Vec<String>,
    heads: HeadSet,
    calibrations: usize,
}

/// Reads what the server would read: keys, checkpoints, heads, calibrations. Listens on nothing. `observe`
/// hears what a hub does.
///
/// # Errors
/// A file can't be used, as at the start of the server.
pub fn check(
    config: &Config,
    models: &[ServedModel],
    observe: &mut dyn FnMut(hub::Event<'_>),
) -> Result<Checked, ServeError> {
    let keys = config.auth.source.keys()?.keys().map(Key::to_string).collect();
    let models = models.iter().map(|model| check_model(model, observe));
    let models = models.collect::<Result<_, _>>()?;
    Ok(Checked { config: config.clone(), models, keys })
}

fn check_model(
    model: &ServedModel,
    observe: &mut dyn FnMut(hub::Event<'_>),
) -> Result<CheckedModel, LoadError> {
    let config = &model.config;
    let encoder = format!("{}, {} threads", describe(&config.encoder)?, config.encoder.threads);
    let parts = read_parts(config, observe)?;
    let fingerprint = parts.fingerprint()?;
    let library = open_heads(config, &parts.checkpoint, &parts.recipes, &fingerprint)?;
    let calibrations = Calibrations::read(&config.calibrations, &fingerprint)?;
    Ok(CheckedModel {
        name: model.name.clone().unwrap_or_else(|| parts.source.name.clone()),
        aliases: config.aliases.clone(),
        source: parts.source,
        fingerprint,
        encoder,
        numerics: config.encoder.numerics()?,
        sequence_tokens: parts.sequence_tokens,
        left_out: LeftOut::find(&parts.checkpoint),
        recipes: parts.recipes.iter().map(|(name, _)| name.to_owned()).collect(),
        heads: library.set(),
        calibrations: calibrations.iter().count(),
    })
}

/// The encoder, its dtype and its instructions.
fn describe(encoder: &EncoderOptions) -> Result<String, NoInstructions> {
    let dtype = encoder.dtype;
    Ok(match encoder.kind() {
        EncoderKind::Packed => {
            format!("packed, {}, {}", dtype.name(), encoder.kernels()?.instructions(dtype))
        }
        EncoderKind::Reference => format!("reference, {}", dtype.name()),
    })
}

impl fmt::Display for CheckedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Source { dir, commit, .. } = &self.source;
        let mut line = |name: &str, text: String| writeln!(f, "{name:<13}{text}");
        line("model", format!("{}, from {}", self.name, dir.display()))?;
        if let Some(commit) = commit {
            line("commit", commit.clone())?;
        }
        if !self.aliases.is_empty() {
            line("aliases", list(self.aliases.iter().cloned()))?;
        }
        line("fingerprint", self.fingerprint.clone())?;
        line("encoder", self.encoder.clone())?;
        line("numerics", self.numerics.clone())?;
        line("sequences", format!("at most {} tokens", self.sequence_tokens))?;
        line("recipes", list(self.recipes.iter().cloned()))?;
        let heads = self.heads.all().map(|(name, head)| format!("{name} {}", head.version()));
        line("heads", list(heads))?;
        for (name, reason) in &self.heads.skipped {
            line("skipped", format!("{name}: {reason}"))?;
        }
        if !self.left_out.heads.is_empty() {
            line("left out", list(self.left_out.heads.iter().cloned()))?;
        }
        line("calibrations", self.calibrations.to_string())
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.models.iter().try_for_each(|model| write!(f, "{model}"))?;
        let mut line = |name: &str, text: String| writeln!(f, "{name:<13}{text}");
        let Config { http, admin_address, .. } = &self.config;
        let beyond = !self.config.host.is_loopback();
        let open = match beyond {
            true => "none: anyone who can reach the address can use the server",
            false => "none: no request needs one",
        };
        line("keys", if self.keys.is_empty() { open.to_owned() } else { self.keys.join(", ") })?;
        line("origins", list(http.cors_origins.iter().cloned()))?;
        let admin = admin_address.map(|address| format!("; metrics and docs on {address}"));
        line("address", format!("{}{}", self.config.address(), admin.unwrap_or_default()))
    }
}

/// A list in one line.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items = items.peekable();
    let none = items.peek().is_none().then(|| "none".to_owned());
    items.chain(iter::once(none).flatten()).collect::<Vec<_>>().join(", ")
}
