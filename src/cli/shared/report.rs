//! HTML reports.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// Writes a report and prints its path.
pub fn write_report(file: &Path, page: &str) -> anyhow::Result<()> {
    fs::write(file, page).with_context(|| file.display().to_string())?;
    eprintln!("report written to {}", file.display());
    Ok(())
}
