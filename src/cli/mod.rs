//! The command line: one file a command, the same names for the same flags.
//!
//! Exit codes: 0 done; 1 it could not be done; 2 something that was given can't be used.

mod bench;
mod compare;
mod evaluate;
mod health;
mod openapi;
mod serve;
mod shared;
mod train;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::app::Failure;
use crate::config::{Flags, Sources};
use crate::model::recipe::RecipeRef;

/// BERT over HTTP: class logits and embeddings, read from whichever hidden layers you name.
#[derive(Debug, Parser)]
#[command(name = "strata", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a checkpoint and its heads over HTTP.
    Serve(serve::Serve),
    /// Score recipes against each other on a labelled file.
    Compare(compare::Compare),
    /// Train a head on a labelled file.
    Train(train::Train),
    /// Score a head on a labelled file.
    Evaluate(evaluate::Evaluate),
    /// Measure texts a second, latency and memory, in process.
    Bench(bench::Bench),
    /// Ask a running server whether it is ready; exit 0 if it is.
    Health(health::Health),
    /// Print the HTTP contract as YAML.
    Openapi,
}

/// Flags that say what to load and how to compute; over the environment, over the config file.
#[derive(Clone, Debug, Args)]
pub struct ModelFlags {
    /// The checkpoint's folder.
    #[arg(long, value_name = "DIR")]
    model: Option<String>,
    /// A config file, in place of config/strata.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What computes hidden states: auto, packed, reference.
    #[arg(long)]
    encoder: Option<String>,
    /// The number format of the encoder's products: f32, bf16, int8.
    #[arg(long)]
    dtype: Option<String>,
    /// Threads of a pass; 0 for as many as the process may use.
    #[arg(long)]
    threads: Option<u32>,
}

impl ModelFlags {
    fn into_sources(self) -> Result<Sources, Failure> {
        let Self { model, config, encoder, dtype, threads } = self;
        let flags = Flags { model, encoder, dtype, threads, ..Flags::default() };
        Sources::from_process(config, flags).map_err(Failure::unusable)
    }
}

/// A recipe as the command line has it: an object if it begins like one.
fn recipe_of(written: &str) -> anyhow::Result<RecipeRef> {
    if !written.trim_start().starts_with('{') {
        return Ok(RecipeRef::Name(written.to_owned()));
    }
    let mut json = serde_json::Deserializer::from_str(written);
    match serde_path_to_error::deserialize(&mut json) {
        Ok(recipe) => Ok(RecipeRef::Object(recipe)),
        Err(error) => bail!("--recipe: field \"{}\": {}", error.path(), error.inner()),
    }
}

/// Writes a report, and says where it is.
fn write_page(file: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(file, page).with_context(|| file.display().to_string())?;
    eprintln!("report written to {}", file.display());
    Ok(())
}

/// Parses the command line, runs the command, and says in one line why it failed if it did.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Compare(compare) => compare.run(),
        Command::Train(train) => train.run(),
        Command::Evaluate(evaluate) => evaluate.run(),
        Command::Bench(bench) => bench.run(),
        Command::Health(health) => health.run(),
        Command::Openapi => openapi::run(),
    };
    let (code, error) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Failed(error)) => (1, error),
        Err(Failure::Unusable(error)) => (2, error),
    };
    // Our own errors say their causes themselves.
    eprintln!("strata: {error}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
