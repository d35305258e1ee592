//! What a command prints on standard output.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write, stdout};

use anyhow::anyhow;
use serde::Serialize;

use super::failure::Failure;

/// Prints `text`, without a line end of its own. If the reader has left, as `head` does, the rest is
/// dropped and that is no error; `print!` would panic.
///
/// # Errors
/// Standard output can't be written, for example because its disk is full.
pub fn print(text: impl Display) -> Result<(), Failure> {
    ignore_left(write!(stdout(), "{text}").and_then(|()| stdout().flush())).map_err(|error| {
        Failure::Failed(anyhow!(
            "standard output can't be written: {error}; send it to another file"
        ))
    })
}

/// Prints a value as JSON, and a line end.
///
/// # Errors
/// As for [`print`].
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(serde_json::to_string_pretty(value).map_err(Failure::failed)? + "\n")
}

/// Success where the reader of a pipe has left.
fn ignore_left(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
