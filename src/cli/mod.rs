//! The command line: one file per command. `shared` has what several commands use.
//!
//! Exit codes: 0, the command succeeded; 1, it could not do its work; 2, an argument, a setting or a
//! file can't be used; 3, the server stopped before all requests were finished.

mod bench;
mod calibrate;
mod compare;
mod completions;
mod evaluate;
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

use std::io::{Write, stderr};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Error, Parser, Subcommand};

use shared::{Failure, one_line};

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
    Health(health::Health),
    Key(key::Key),
    Openapi(openapi::Openapi),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Parses the command line and runs the command. If it fails, prints the error in one line:
/// `error: what is wrong; what to do about it`.
pub fn main() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => cli.command.run(),
        Err(error) => return refuse(&error),
    };
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    let (code, error) = failure.into_exit_code();
    // Without its sources: the messages of Strata's errors already contain them. Unlike `eprintln!`
    // this doesn't panic if standard error can't be written; the exit code then says what it can.
    let _ = writeln!(stderr(), "error: {}", one_line(&error.to_string()));
    ExitCode::from(code)
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Serve(serve) => serve.run(),
            Self::Compare(compare) => compare.run(),
            Self::Train(train) => train.run(),
            Self::Evaluate(evaluate) => evaluate.run(),
            Self::Calibrate(calibrate) => calibrate.run(),
            Self::Bench(bench) => bench.run(),
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
    let _ = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.print(),
        _ => writeln!(stderr(), "{}", usage::error_line(error)),
    };
    if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS }
}
