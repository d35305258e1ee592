//! `strata key`: API keys.

use std::fs::{self, File};
use std::io::{ErrorKind, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::shared::{Failure, print};
use crate::files::write_atomically;
use crate::keys::{KeyEntry, Rate, Secret, Sha256Hash};

const EXAMPLES: &str = "\
Examples:
  # A key called search, added to a file of keys; then serve with them
  strata key new search --file keys.toml
  # With limits; prints the key and, below it, the entry for a file of keys
  strata key new reports --requests-per-second 5 --tokens-per-second 20000";

/// Make API keys.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Key {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    New(NewKey),
}

/// Make a random key and print it; only its SHA-256 is kept.
#[derive(Debug, Args)]
struct NewKey {
    /// Name of the key, for the log and the metrics: letters, digits, ".", "_" and "-".
    #[arg(value_parser = name)]
    name: String,
    /// Add the entry of the key to this file (auth.keys_file) instead of printing it.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The most requests a second with this key, of those with texts or token ids in their body.
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    requests_per_second: Option<Rate>,
    /// The most tokens a second with this key.
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    tokens_per_second: Option<Rate>,
}

impl Key {
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            KeyCommand::New(new) => new.run(),
        }
    }
}

impl NewKey {
    fn run(self) -> Result<(), Failure> {
        let Self { name, file, requests_per_second, tokens_per_second } = self;
        let secret = Secret::random().map_err(|error| Failure::Failed(anyhow!("{error}")))?;
        let sha256 = Sha256Hash::of_key(secret.as_str().as_bytes());
        let entry = KeyEntry { name, sha256, requests_per_second, tokens_per_second };
        match file {
            None => print(format!("{}\n\n{}", secret.as_str(), entry.to_toml())),
            Some(file) => add(&file, &entry, &secret),
        }
    }
}

/// Adds an entry to a file, which is created if it doesn't exist. The key is printed just before the file
/// is written: nothing is kept of a key that nobody has seen.
fn add(file: &Path, entry: &KeyEntry, secret: &Secret) -> Result<(), Failure> {
    let shown = file.display();
    let failed = |error| Failure::Failed(anyhow!("--file {shown}: {error}"));
    // The file itself, if this is a link to it: a link would be replaced by a file.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Whoever else adds a key at the same time waits. The file can't be locked, since it is replaced.
    let lock = File::open(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let known = KeyEntry::read_all(&text, &shown.to_string()).map_err(Failure::unusable)?;
    if known.iter().any(|known| known.name == entry.name) {
        let name = &entry.name;
        let error = anyhow!("--file {shown}: a key is called {name} already; choose another name");
        return Err(Failure::Unusable(error));
    }
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(&entry.to_toml());
    let printed = writeln!(stdout(), "{}", secret.as_str()).and_then(|()| stdout().flush());
    printed.map_err(|error| {
        Failure::Failed(anyhow!("standard output can't be written: {error}; no key was added"))
    })?;
    write_atomically(file, text.as_bytes()).map_err(failed)
}

fn name(text: &str) -> Result<String, String> {
    if KeyEntry::allows_name(text) {
        return Ok(text.to_owned());
    }
    Err("1 to 40 letters, digits, \".\", \"_\" and \"-\" are allowed, and no key".to_owned())
}

fn rate(text: &str) -> Result<Rate, String> {
    let number = text.parse().ok().and_then(Rate::new);
    number.ok_or_else(|| format!("must be a number, at least one an hour, at most {}", Rate::MAX))
}
