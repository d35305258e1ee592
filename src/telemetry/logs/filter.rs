//! Which events are logged.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, ParseError};

/// Libraries, by the prefix of their targets, that are logged from `warn` on unless a directive names
/// them.
const QUIET: [&str; 6] = ["candle", "hyper", "rustls", "tokenizers", "tower", "ureq"];

/// Which events are logged: directives that `EnvFilter` accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

/// Why a text is not a valid [`LogFilter`].
#[derive(Debug, thiserror::Error)]
pub enum InvalidFilter {
    /// It has no directive.
    #[error("no level and no directive")]
    Empty,
    /// A word that is not a level. `EnvFilter` would take it for a target and log nothing else, but it is
    /// usually a misspelt level.
    #[error("\"{0}\" is not a level; for everything from one module write \"{0}=trace\"")]
    NotALevel(String),
    /// `EnvFilter` refuses a directive.
    #[error("\"{directive}\": {source}")]
    Directive {
        /// The directive.
        directive: String,
        /// The error of `EnvFilter`.
        source: ParseError,
    },
}

impl LogFilter {
    /// Parses directives separated by commas, in the syntax of `EnvFilter`: `info`,
    /// `info,strata::batching=debug`. A single word must be a level.
    ///
    /// # Errors
    /// See [`InvalidFilter`].
    pub fn parse(text: &str) -> Result<Self, InvalidFilter> {
        let written: Vec<&str> = directives(text).collect();
        for &directive in &written {
            if !directive.contains(['=', '[']) && directive.parse::<LevelFilter>().is_err() {
                return Err(InvalidFilter::NotALevel(directive.to_owned()));
            }
            EnvFilter::try_new(directive).map_err(|source| InvalidFilter::Directive {
                directive: directive.to_owned(),
                source,
            })?;
        }
        if written.is_empty() { Err(InvalidFilter::Empty) } else { Ok(Self(written.join(","))) }
    }

    /// The filter with the [`QUIET`] libraries at `warn`. Later directives have priority, so the
    /// configured ones come last. If everything is logged from `warn` or `error` on anyway, nothing is
    /// added.
    pub(super) fn env_filter(&self) -> EnvFilter {
        let loud = directives(&self.0).any(|directive| {
            directive.parse().is_ok_and(|level: LevelFilter| level > LevelFilter::WARN)
        });
        let quiet = QUIET.iter().filter(|_| loud).map(|library| format!("{library}=warn"));
        let all: Vec<String> = quiet.chain([self.0.clone()]).collect();
        EnvFilter::new(all.join(","))
    }
}

fn directives(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|directive| !directive.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_refused_because_it_would_silence_the_log() {
        let refusal = LogFilter::parse("inof").unwrap_err().to_string();
        assert!(refusal.contains("\"inof\" is not a level"), "{refusal}");
        assert!(LogFilter::parse("strata=loud").is_err());
        assert!(LogFilter::parse(" , ").is_err());
    }
}
