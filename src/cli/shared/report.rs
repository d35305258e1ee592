//! Files that a command writes at its end, tried before it computes anything.

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use anyhow::anyhow;
use tempfile::NamedTempFile;

/// Fails if a file can't be written in its place, without writing it. `flag` names it.
pub fn try_file(flag: &str, file: &Path) -> anyhow::Result<()> {
    let failed = |cause: &dyn Display| {
        anyhow!("{flag} {}: {cause}; choose a file that can be written", file.display())
    };
    if file.is_dir() {
        return Err(failed(&"it is a folder"));
    }
    let folder = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    match OpenOptions::new().append(true).open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            NamedTempFile::new_in(folder).map(drop).map_err(|error| failed(&error))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Fails if no files can be written in a folder, or if it can't be made. `flag` names it.
pub fn try_folder(flag: &str, folder: &Path) -> anyhow::Result<()> {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let tried = match existing.is_dir() {
        true => NamedTempFile::new_in(existing).map(drop),
        false => Err(io::Error::other(format!("{} is not a folder", existing.display()))),
    };
    tried.map_err(|error| {
        anyhow!("{flag} {}: {error}; choose a folder that can be written", folder.display())
    })
}

/// Writes a report and prints its path.
pub fn write_report(file: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(file, page).map_err(|error| {
        anyhow!("--report {}: {error}; choose a file that can be written", file.display())
    })?;
    eprintln!("report written to {}", file.display());
    Ok(())
}
