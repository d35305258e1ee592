//! Configuration files.

use std::fs;

use strata::config::{Config, ConfigError, Sources};
use tempfile::TempDir;

/// Reads a configuration file. What `--print-config` shows of an accepted one is accepted too, and shows
/// the same; a refusal names the file or the key.
pub fn run(data: &[u8]) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("strata.toml");
    let read = |text: &[u8]| {
        fs::write(&file, text).unwrap();
        let settings = Sources { file: Some(file.clone()), ..Sources::default() }.read()?;
        Config::try_from(&settings)?;
        Ok::<_, ConfigError>(settings.to_string())
    };
    match read(data) {
        Ok(shown) => {
            let again = read(shown.as_bytes());
            assert_eq!(values(&again.unwrap_or_else(|error| panic!("{error}"))), values(&shown));
        }
        Err(error) => check_message(&error),
    }
}

/// The lines without the comment that says where a value comes from.
fn values(shown: &str) -> Vec<&str> {
    shown
        .lines()
        .map(|line| line.rsplit_once(" # from ").map_or(line, |(value, _)| value).trim_end())
        .collect()
}

fn check_message(error: &ConfigError) {
    let message = error.to_string();
    match error {
        ConfigError::Refused { refusal, .. } => {
            assert!(!refusal.key.is_empty() && !refusal.advice.is_empty(), "{message}");
        }
        ConfigError::UnknownKey { nearest, .. } => assert!(!nearest.is_empty(), "{message}"),
        ConfigError::Syntax { .. } | ConfigError::Read { .. } => {
            assert!(message.contains("strata.toml"), "{message}");
        }
        other => panic!("{other}"),
    }
}
