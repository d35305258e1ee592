//! Checkpoints that can't be used: the error names the file, the tensor or field, what was found
//! and what was expected.

mod configs;
mod tokenizers;
mod weights;

use std::path::Path;

use strata::app::{LoadError, load_only};

use crate::support::CheckpointCopy;
use crate::support::fixtures::config;

const NAME: &str = "single-label";

/// Checks that loading a copy fails with a message of one line that begins with a file of the
/// checkpoint and contains all of `parts`.
fn refused(copy: &CheckpointCopy, file: &str, parts: &[&str]) {
    let message = message(copy.dir());
    let start = format!("{}: ", copy.file(file).display());
    assert!(message.starts_with(&start), "{message:?} doesn't begin with {file:?}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

/// The message about a folder that can't be served, which has one line.
pub fn message(dir: &Path) -> String {
    let error = load_only(&config(dir)).err().expect("refused");
    assert!(!matches!(error, LoadError::Thread(_)), "{error}");
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message:?}");
    message
}
