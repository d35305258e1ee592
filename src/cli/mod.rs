//! The command line: one file per command. `shared` has what several commands use.
//!
//! Exit codes: 0, the command succeeded; 1, it could not do its work; 2, an argument, a setting or a
//! file can't be used; 3, the server stopped before all requests were finished.

mod bench;
mod calibrate;
mod compare;
mod completions;
mod evaluate;
mod fatal;
mod fetch;
mod health;
mod key;
mod man;
mod openapi;
mod serve;
mod shared;
mod train;
mod usage;

#[cfg(test)]
mod tests;

use std::env;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Error, Parser, Subcommand};

use fatal::print_fatal;
use shared::{Failure, one_line};

use crate::config::{Flags, Sources};
use crate::telemetry::logs::LogFormat;

/// Serves BERT encoders over HTTP: class logits and embeddings from any hidden layers.
#[derive(Debug, Parser)]
#[command(name = "strata", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

// Without doc comments: they would replace those of the commands, which have further paragraphs.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Compare(compare::Compare),
    Train(train::Train),
    Evaluate(evaluate::Evaluate),
    Calibrate(calibrate::Calibrate),
    Bench(bench::Bench),
    Fetch(fetch::Fetch),
    Health(health::Health),
    Key(key::Key),
    Openapi(openapi::Openapi),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Parses the command line and runs the command. If it fails, prints the error in one line:
/// `error: what is wrong; what to do about it`. Where the log of `serve` is in JSON, so is this line.
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return refuse(&error),
    };
    let format = command.error_format();
    let Err(failure) = command.run() else {
        return ExitCode::SUCCESS;
    };
    let (code, error) = failure.into_exit_code();
    // Without its sources: the messages of Strata's errors already contain them.
    print_fatal(format, code, &one_line(&error.to_string()));
    ExitCode::from(code)
}

impl Command {
    /// The format of the error that ends the command.
    fn error_format(&self) -> LogFormat {
        match self {
            Self::Serve(serve) => serve.error_format(),
            _ => LogFormat::Pretty,
        }
    }

    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(serve) => serve.run(),
            Self::Compare(compare) => compare.run(),
            Self::Train(train) => train.run(),
            Self::Evaluate(evaluate) => evaluate.run(),
            Self::Calibrate(calibrate) => calibrate.run(),
            Self::Bench(bench) => bench.run(),
            Self::Fetch(fetch) => fetch.run(),
            Self::Health(health) => health.run(),
            Self::Key(key) => key.run(),
            Self::Openapi(openapi) => openapi.run(),
            Self::Completions(completions) => completions.run(Cli::command()),
            Self::Man(man) => man.run(Cli::command()),
        }
    }
}

/// Prints what clap says: help and version as they are, an error in one line.
fn refuse(error: &Error) -> ExitCode {
    const CODE: u8 = 2;
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => drop(error.print()),
        _ => print_fatal(unparsed_format(), CODE, &usage::error_line(error)),
    }
    if error.use_stderr() { ExitCode::from(CODE) } else { ExitCode::SUCCESS }
}

/// The format of the error if the command line can't be parsed, so that its `--config` isn't known.
fn unparsed_format() -> LogFormat {
    let serves = env::args_os().nth(1).is_some_and(|command| command == "serve");
    match Sources::from_process(None, Flags::default()) {
        Ok(sources) if serves => sources.log_format(),
        _ => LogFormat::Pretty,
    }
}
