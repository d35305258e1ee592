//! The heads in the metrics, while their folders change.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::app::config;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::metrics::Scrape;
use crate::support::process::{Running, Strata};
use crate::support::{tiny, until};

async fn info(running: &Running) -> Value {
    reqwest::get(running.url("/info")).await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_heads_in_use_are_listed_with_their_versions_and_changes_are_counted() {
    let head = |factor| {
        let judge = Judge::new(&config(tiny("sentence")));
        TestHead::new(&judge, &json!("last-four"), &["glad", "sad"]).times(factor)
    };
    let folder = TempDir::new().unwrap();
    head(1.0).save(folder.path(), "mood");
    let heads = folder.path().to_str().unwrap();
    let server = Strata::serve("sentence").arg("--heads").arg(heads);
    let mut running = server.env("STRATA_HEADS_POLL_MS", "0").start();
    let check = async |running: &Running, served: f64, changes: [f64; 3]| {
        let (scrape, info) = (Scrape::fetch(running).await, info(running).await);
        let all = info["heads"].as_object().unwrap();
        assert_eq!(scrape.value("strata_heads"), all.len() as f64);
        assert_eq!(scrape.sum("strata_head_info", &[]), all.len() as f64);
        for (name, head) in all {
            let version = head["version"].as_str().unwrap();
            let labels = [("head", name.as_str()), ("version", version)];
            assert_eq!(scrape.sum("strata_head_info", &labels), 1.0, "{name} {version}");
        }
        let mood = [("head", "mood"), ("problem_type", "single_label_classification")];
        assert_eq!(scrape.sum("strata_head_info", &mood), served);
        let skipped = info["skipped_heads"].as_object().unwrap().len() as f64;
        assert_eq!(scrape.value("strata_heads_skipped"), skipped);
        let counted = ["served", "refused", "removed"]
            .map(|change| scrape.sum("strata_head_changes_total", &[("change", change)]));
        assert_eq!(counted, changes);
        scrape.value("strata_heads_last_change_timestamp_seconds")
    };
    let loaded = check(&running, 1.0, [0.0, 0.0, 0.0]).await;
    head(-1.0).save(folder.path(), "mood");
    running.until_logged("now served");
    let changed = check(&running, 1.0, [1.0, 0.0, 0.0]).await;
    assert!(loaded < changed, "{loaded} {changed}");
    fs::write(folder.path().join("mood/head.json"), "{").unwrap();
    running.until_logged("refused");
    assert_eq!(check(&running, 1.0, [1.0, 1.0, 0.0]).await, changed);
    fs::remove_dir_all(folder.path().join("mood")).unwrap();
    running.until_logged("removed");
    check(&running, 0.0, [1.0, 1.0, 1.0]).await;
}

#[tokio::test]
async fn a_head_counts_as_refused_as_long_as_its_files_cannot_be_used() {
    let judge = Judge::new(&config(tiny("sentence")));
    let mut head = TestHead::new(&judge, &json!("last-four"), &["glad", "sad"]);
    let folder = TempDir::new().unwrap();
    head.save(folder.path(), "mood");
    let heads = folder.path().to_str().unwrap();
    // The server starts without a head of another encoder, so this one isn't refused.
    let good = head.descriptor.encoder.clone();
    head.descriptor.encoder = "0".repeat(64);
    head.save(folder.path(), "foreign");
    head.descriptor.encoder = good;
    let server = Strata::serve("sentence").arg("--heads").arg(heads);
    let mut running = server.env("STRATA_HEADS_POLL_MS", "0").start();
    let refused = async |running: &Running| {
        Scrape::fetch(running).await.value("strata_heads_refused") as usize
    };
    assert_eq!(refused(&running).await, 0);
    // The version of before stays in use, and after a restart it would be gone.
    fs::write(folder.path().join("mood/head.json"), "{").unwrap();
    running.until_logged("refused: ");
    assert_eq!(refused(&running).await, 1);
    assert!(info(&running).await["heads"]["mood"].is_object());
    head.save(folder.path(), "mood");
    running.until_logged("now served");
    assert_eq!(refused(&running).await, 0);
    // Files that are away for a while.
    let [weights, aside] = ["mood/head.safetensors", "aside"].map(|name| folder.path().join(name));
    fs::rename(&weights, &aside).unwrap();
    running.until_logged("can't be read");
    assert_eq!(refused(&running).await, 1);
    fs::rename(&aside, &weights).unwrap();
    until(async || refused(&running).await == 0).await;
}
