//! Flags that choose the checkpoint and how it is computed.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::numbers::threads;
use crate::config::{Flags, Sources};
use crate::telemetry::logs::LogFormat;

/// Flags that choose the checkpoint and how it is computed. They have priority over the environment
/// and the configuration file.
#[derive(Clone, Debug, Args)]
pub struct ModelFlags {
    /// Folder of the checkpoint, or a model of a hub: org/name or org/name@revision.
    #[arg(long, value_name = "DIR|ORG/NAME")]
    model: Option<String>,
    /// Configuration file, instead of config/strata.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Encoder: auto, packed, reference.
    #[arg(long)]
    encoder: Option<String>,
    /// Dtype of the encoder: f32 (exact), bf16 or int8.
    #[arg(long)]
    dtype: Option<String>,
    /// Threads per forward pass; 0 for all that the process may use.
    #[arg(long, value_parser = threads)]
    threads: Option<u32>,
}

impl ModelFlags {
    /// The sources of the configuration with these flags.
    pub fn into_sources(self) -> Result<Sources, Failure> {
        let Self { model, config, encoder, dtype, threads } = self;
        let flags = Flags { model, encoder, dtype, threads, ..Flags::default() };
        Sources::from_process(config, flags).map_err(Failure::unusable)
    }

    /// The format of the log, as far as the sources can be read.
    pub fn log_format(&self) -> LogFormat {
        let sources = Sources::from_process(self.config.clone(), Flags::default());
        sources.map_or(LogFormat::Pretty, |sources| sources.log_format())
    }
}
