//! Shared by the tests: servers, models in process to compare with, heads, a stand-in for the engine.

pub mod answer;
pub mod app;
pub mod checkpoint;
#[cfg(feature = "otlp")]
pub mod collector;
pub mod heads;
pub mod judge;
pub mod labelled;
pub mod log;
pub mod metrics;
pub mod process;
pub mod schema;
pub mod server;
pub mod stage;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Waits until `condition` holds: asks each millisecond, for a minute at most.
pub async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let holds = async {
        while !condition().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(60), holds).await.expect("it does not hold within a minute");
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One of the tiny checkpoints.
pub fn tiny(name: &str) -> PathBuf {
    root().join("tests/fixtures/tiny").join(name)
}

/// The default model.
///
/// # Panics
/// It is missing.
pub fn default_model() -> PathBuf {
    let model = root().join("models/all-MiniLM-L6-v2");
    assert!(
        model.join("model.safetensors").is_file(),
        "the default model is missing: run make model"
    );
    model
}

/// Fails with the largest difference and its place.
#[track_caller]
pub fn assert_close(got: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}: columns");
    let differences = got.iter().zip(expected).map(|(got, expected)| (got - expected).abs());
    let worst = differences.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let Some((at, difference)) = worst else {
        return;
    };
    assert!(
        difference <= tolerance,
        "{what}: column {at} is {}, expected {}: {difference:e} apart, {tolerance:e} allowed",
        got[at],
        expected[at]
    );
}
