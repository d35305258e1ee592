//! One function per fuzz target. Each takes any bytes and panics if a property doesn't hold.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a property that fails is a panic")]

mod app;
pub mod bodies;
pub mod calibrations;
pub mod checkpoints;
pub mod datasets;
mod folder;
pub mod heads;
pub mod keys;
pub mod recipes;
pub mod requests;
#[path = "../../../tests/api/support/schema.rs"]
mod schema;
pub mod settings;
pub mod texts;
pub mod tokenizers;
pub mod weights;

use std::path::PathBuf;

/// A fuzz target: the name of its corpus and of its program, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 12] = [
    ("bodies", bodies::run),
    ("calibrations", calibrations::run),
    ("checkpoints", checkpoints::run),
    ("datasets", datasets::run),
    ("heads", heads::run),
    ("keys", keys::run),
    ("recipes", recipes::run),
    ("requests", requests::run),
    ("settings", settings::run),
    ("texts", texts::run),
    ("tokenizers", tokenizers::run),
    ("weights", weights::run),
];

/// The repository: two crates are compiled with these files, and only one of them is there.
fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if own.join("fuzz").is_dir() { own } else { own.join("..") }
}
