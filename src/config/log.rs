//! `[log]`: the log.

use serde::Deserialize;

use super::error::Refusal;
use super::values::choice;
use crate::telemetry::logs::{LogFilter, LogFormat};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLog {
    pub format: String,
    pub filter: String,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Format of a line.
    pub format: LogFormat,
    /// Which events are logged.
    pub filter: LogFilter,
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
