//! Heads that are added, changed and removed while the server runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use strata::model::head::HeadFiles;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::answer::floats;
use crate::support::app::config;
use crate::support::assert_close;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::process::{Running, Strata};
use crate::support::tiny;

const TEXT: &str = "The film was not very good.";
const TOLERANCE: f32 = 1e-5;
const SWAPS: usize = 1_000;
const CONNECTIONS: usize = 16;

/// Two versions of a head, and the logits of each for [`TEXT`].
struct HeadVersions {
    heads: [TestHead; 2],
    logits: [Vec<f32>; 2],
}

impl HeadVersions {
    fn new() -> Self {
        let judge = Judge::new(&config(tiny("sentence")));
        let head = |labels: [&str; 2], factor| {
            TestHead::new(&judge, &json!("last-four"), &labels).times(factor)
        };
        let heads = [head(["glad", "sad"], 1.0), head(["yes", "no"], -0.5)];
        let row = judge.row(TEXT, &json!("last-four"));
        let logits = [heads[0].logits(&row), heads[1].logits(&row)];
        Self { heads, logits }
    }

    /// Which of the two versions an answer is from. Fails if labels and logits are not from one version.
    fn served_by(&self, answer: &Value) -> usize {
        let labels = &answer["labels"]["mood"];
        let has_labels = |head: &TestHead| json!(head.descriptor.labels) == *labels;
        let version = self.heads.iter().position(has_labels).unwrap_or_else(|| panic!("{answer}"));
        let logits = floats(&answer["results"][0]["mood"]["logits"]);
        assert_close(&logits, &self.logits[version], TOLERANCE, "logits of another version");
        version
    }
}

/// A server that watches `folder` and does not poll it.
fn serve(folder: &Path) -> Strata {
    let heads = folder.to_str().unwrap();
    Strata::serve("sentence").arg("--heads").arg(heads).env("STRATA_HEADS_POLL_MS", "0")
}

fn request_body() -> Value {
    json!({"inputs": TEXT, "heads": ["mood"]})
}

async fn classify(running: &Running) -> Value {
    let request = reqwest::Client::new().post(running.url("/classify")).json(&request_body());
    request.send().await.unwrap().json().await.unwrap()
}

fn version_of(folder: &Path) -> String {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (json, weights) = (read("head.json"), read("head.safetensors"));
    HeadFiles { name: "mood".to_owned(), origin: String::new(), json, weights }.version()
}

#[tokio::test]
async fn a_head_that_is_added_changed_or_removed_takes_effect() {
    let (versions, folder) = (HeadVersions::new(), TempDir::new().unwrap());
    let mut running = serve(folder.path()).start();
    assert_eq!(classify(&running).await["code"], "unknown_head");
    for at in [0, 1, 0] {
        versions.heads[at].save(folder.path(), "mood");
        running.until_logged("now served");
        let answer = classify(&running).await;
        assert_eq!(versions.served_by(&answer), at);
        assert_eq!(answer["versions"]["mood"], version_of(&folder.path().join("mood")));
        let info: Value = reqwest::get(running.url("/info")).await.unwrap().json().await.unwrap();
        assert_eq!(info["heads"]["mood"]["version"], answer["versions"]["mood"]);
    }
    fs::remove_dir_all(folder.path().join("mood")).unwrap();
    running.until_logged("removed");
    assert_eq!(classify(&running).await["code"], "unknown_head");
}

#[tokio::test]
async fn a_partly_written_head_is_not_served_yet_and_a_broken_one_is_refused() {
    let (versions, folder, other) =
        (HeadVersions::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    versions.heads[0].save(folder.path(), "mood");
    versions.heads[1].save(other.path(), "mood");
    let mut running = serve(folder.path()).start();
    let replace = |name: &str| {
        let draft = folder.path().join("draft");
        fs::copy(other.path().join("mood").join(name), &draft).unwrap();
        fs::rename(draft, folder.path().join("mood").join(name)).unwrap();
    };
    replace("head.safetensors");
    running.until_logged("not complete yet");
    assert_eq!(versions.served_by(&classify(&running).await), 0);
    replace("head.json");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
    fs::write(folder.path().join("mood/head.json"), "{").unwrap();
    let log = running.until_logged("refused");
    assert!(log.contains("head.json"), "{log}");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
}

#[tokio::test]
async fn a_folder_that_replaces_a_watched_folder_is_watched() {
    let (versions, parent) = (HeadVersions::new(), TempDir::new().unwrap());
    let [heads, next] = ["heads", "next"].map(|name| parent.path().join(name));
    versions.heads[0].save(&heads, "mood");
    versions.heads[1].save(&next, "mood");
    let mut running = serve(&heads).start();
    fs::rename(&heads, parent.path().join("old")).unwrap();
    fs::rename(&next, &heads).unwrap();
    running.signal("HUP");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
    versions.heads[0].save(&heads, "mood");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 0);
}

#[tokio::test]
async fn the_later_of_two_heads_with_one_name_serves_and_the_earlier_after_its_removal() {
    let (versions, first, second) =
        (HeadVersions::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    versions.heads[0].save(first.path(), "mood");
    // Heads of later folders hide it, so it may be unusable.
    let mut foreign =
        TestHead::new(&Judge::new(&config(tiny("sentence"))), &json!("last-four"), &["a", "b"]);
    foreign.descriptor.encoder = "0".repeat(64);
    let third = TempDir::new().unwrap();
    foreign.save(third.path(), "mood");
    versions.heads[1].save(second.path(), "mood");
    let mut running = serve(third.path())
        .arg("--heads")
        .arg(first.path().to_str().unwrap())
        .arg("--heads")
        .arg(second.path().to_str().unwrap())
        .env("STRATA_CLASSIFY_HEADS", "mood")
        .start();
    assert_eq!(versions.served_by(&classify(&running).await), 1);
    fs::remove_dir_all(second.path().join("mood")).unwrap();
    running.until_logged("removed");
    assert_eq!(versions.served_by(&classify(&running).await), 0);
}

/// The watched folder has links to files in another folder, whose changes the system does not report.
fn linked(versions: &HeadVersions) -> (TempDir, TempDir) {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    versions.heads[0].save(elsewhere.path(), "mood");
    fs::create_dir(folder.path().join("mood")).unwrap();
    for name in ["head.json", "head.safetensors"] {
        let target = elsewhere.path().join("mood").join(name);
        symlink(target, folder.path().join("mood").join(name)).unwrap();
    }
    (folder, elsewhere)
}

#[tokio::test]
async fn sighup_starts_a_check_of_the_folders() {
    let versions = HeadVersions::new();
    let (folder, elsewhere) = linked(&versions);
    let mut running = serve(folder.path()).start();
    versions.heads[1].save(elsewhere.path(), "mood");
    running.signal("HUP");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
    // The check at the start is over: nothing but a signal starts another.
    versions.heads[0].save(elsewhere.path(), "mood");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
    running.signal("HUP");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 0);
}

#[tokio::test]
async fn a_change_that_watching_does_not_report_is_found_by_polling() {
    let versions = HeadVersions::new();
    let (folder, elsewhere) = linked(&versions);
    let mut running = serve(folder.path()).env("STRATA_HEADS_POLL_MS", "20").start();
    versions.heads[1].save(elsewhere.path(), "mood");
    running.until_logged("now served");
    assert_eq!(versions.served_by(&classify(&running).await), 1);
}

/// Kubernetes mounts files as links through `..data`, which is itself a link that is replaced.
#[tokio::test]
async fn a_volume_of_kubernetes_is_replaced_as_a_whole() {
    let versions = HeadVersions::new();
    // One mount per head, then one mount for all heads.
    for (mount, inner) in [("mood", ""), ("", "mood")] {
        let folder = TempDir::new().unwrap();
        let mount = folder.path().join(mount);
        fs::create_dir_all(&mount).unwrap();
        let fill = |version: &str, head: &TestHead| {
            let dir = mount.join(version);
            head.save(dir.parent().unwrap(), &format!("{version}/{inner}"));
            symlink(version, mount.join("..draft")).unwrap();
            fs::rename(mount.join("..draft"), mount.join("..data")).unwrap();
        };
        fill("..1", &versions.heads[0]);
        if inner.is_empty() {
            for name in ["head.json", "head.safetensors"] {
                symlink(Path::new("..data").join(name), mount.join(name)).unwrap();
            }
        } else {
            symlink(Path::new("..data").join(inner), mount.join(inner)).unwrap();
        }
        let mut running = serve(folder.path()).start();
        assert_eq!(versions.served_by(&classify(&running).await), 0);
        fill("..2", &versions.heads[1]);
        running.until_logged("now served");
        assert_eq!(versions.served_by(&classify(&running).await), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_a_thousand_swaps_under_load_every_request_is_answered_by_one_version() {
    let (versions, folder) = (Arc::new(HeadVersions::new()), TempDir::new().unwrap());
    versions.heads[0].save(folder.path(), "mood");
    // Nothing reads the log during the test, and a full pipe would stop the server.
    let running = serve(folder.path()).env("STRATA_LOG_FILTER", "warn").start();
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (versions, done, answered) =
            (Arc::clone(&versions), Arc::clone(&done), Arc::clone(&answered));
        let url = running.url("/classify");
        clients.spawn(async move {
            let client = reqwest::Client::new();
            while !done.load(Ordering::Relaxed) {
                let answer = client.post(&url).json(&request_body()).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                versions.served_by(&answer.json().await.unwrap());
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for swap in 1..=SWAPS {
        let (head, place) = (&versions.heads[swap % 2], folder.path());
        head.save(place, "mood");
        let version = version_of(&place.join("mood"));
        // Each swap takes effect before the next one.
        while classify(&running).await["versions"]["mood"] != version {}
    }
    done.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let answered = answered.load(Ordering::Relaxed);
    println!("{answered} requests over {CONNECTIONS} connections during {SWAPS} swaps");
    assert!(answered > SWAPS);
}
