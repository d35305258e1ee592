//! The command line: one file per command. `shared` has what several commands use.
//!
//! Exit codes: 0, the command succeeded; 1, it could not do its work; 2, an argument, a setting or a
//! file can't be used; 3, the server stopped before all requests were finished.

mod bench;
mod calibrate;
mod compare;
mod evaluate;
mod health;
mod openapi;
mod serve;
mod shared;
mod train;

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Serves BERT encoders over HTTP: class logits and embeddings from any hidden layers.
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
    /// Compare recipes on a labelled file.
    Compare(compare::Compare),
    /// Train a head on a labelled file.
    Train(train::Train),
    /// Score a head on a labelled file.
    Evaluate(evaluate::Evaluate),
    /// Find the ranges that embeddings of 8 bits need, from a file of texts.
    Calibrate(calibrate::Calibrate),
    /// Measure texts per second, latency and memory, without HTTP.
    Bench(bench::Bench),
    /// Check whether a running server is ready; exit with 0 if it is.
    Health(health::Health),
    /// Print the OpenAPI description of the HTTP interface as YAML.
    Openapi,
}

/// Parses the command line and runs the command. If it fails, prints the error in one line.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Compare(compare) => compare.run(),
        Command::Train(train) => train.run(),
        Command::Evaluate(evaluate) => evaluate.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Bench(bench) => bench.run(),
        Command::Health(health) => health.run(),
        Command::Openapi => openapi::run(),
    };
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    let (code, error) = failure.into_exit_code();
    // Without its sources: the messages of Strata's errors already contain them. Unlike `eprintln!`
    // this doesn't panic if standard error can't be written; the exit code then says what it can.
    let _ = writeln!(stderr(), "strata: {error}");
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
