//! The line that says why a command failed.

use std::io::{Write, stderr};

use crate::telemetry::json_line::json_line;
use crate::telemetry::logs::LogFormat;

/// Prints the error that ends the process to standard error: `error: …`, or an event of the JSON log
/// with the exit code. Unlike `eprintln!` this doesn't panic if standard error can't be written; the
/// exit code then says what it can.
pub fn print_fatal(format: LogFormat, exit_code: u8, error: &str) {
    let line = match format {
        LogFormat::Pretty => format!("error: {error}\n"),
        LogFormat::Json => json_line(|| tracing::error!(exit_code, "{error}")),
    };
    let _ = stderr().write_all(line.as_bytes());
}
