//! HTML reports.

use std::fs;
use std::path::Path;

use anyhow::anyhow;

/// Writes a report and prints its path.
pub fn write_report(file: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(file, page).map_err(|error| {
        anyhow!("--report {}: {error}; choose a file that can be written", file.display())
    })?;
    eprintln!("report written to {}", file.display());
    Ok(())
}
