//! Heads that come, change and go while the server serves.

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

/// Two heads for one place, and what each says of [`TEXT`].
struct Two {
    heads: [TestHead; 2],
    logits: [Vec<f32>; 2],
}

impl Two {
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

    /// Fails unless an answer is the one head's or the other's in all its parts; which.
    fn which(&self, answer: &Value) -> usize {
        let labels = &answer["labels"]["mood"];
        let has_labels = |head: &TestHead| json!(head.descriptor.labels) == *labels;
        let which = self.heads.iter().position(has_labels).unwrap_or_else(|| panic!("{answer}"));
        let logits = floats(&answer["results"][0]["mood"]["logits"]);
        assert_close(&logits, &self.logits[which], TOLERANCE, "logits of another head");
        which
    }
}

/// A server that watches `folder`, and nothing else tells it of changes.
fn serve(folder: &Path) -> Strata {
    let heads = folder.to_str().unwrap();
    Strata::serve("sentence").arg("--heads").arg(heads).env("STRATA_HEADS_POLL_MS", "0")
}

fn ask() -> Value {
    json!({"inputs": TEXT, "heads": ["mood"]})
}

async fn classify(running: &Running) -> Value {
    let request = reqwest::Client::new().post(running.url("/classify")).json(&ask());
    request.send().await.unwrap().json().await.unwrap()
}

fn version_of(folder: &Path) -> String {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (json, weights) = (read("head.json"), read("head.safetensors"));
    HeadFiles { name: "mood".to_owned(), origin: String::new(), json, weights }.version()
}

#[tokio::test]
async fn a_head_that_is_added_changed_or_removed_takes_effect() {
    let (two, folder) = (Two::new(), TempDir::new().unwrap());
    let mut running = serve(folder.path()).start();
    assert_eq!(classify(&running).await["code"], "unknown_head");
    for at in [0, 1, 0] {
        two.heads[at].save(folder.path(), "mood");
        running.until_logged("now served");
        let answer = classify(&running).await;
        assert_eq!(two.which(&answer), at);
        assert_eq!(answer["versions"]["mood"], version_of(&folder.path().join("mood")));
        let info: Value = reqwest::get(running.url("/info")).await.unwrap().json().await.unwrap();
        assert_eq!(info["heads"]["mood"]["version"], answer["versions"]["mood"]);
    }
    fs::remove_dir_all(folder.path().join("mood")).unwrap();
    running.until_logged("removed");
    assert_eq!(classify(&running).await["code"], "unknown_head");
}

#[tokio::test]
async fn a_head_that_is_half_written_waits_and_a_broken_one_is_refused() {
    let (two, folder, other) = (Two::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    two.heads[0].save(folder.path(), "mood");
    two.heads[1].save(other.path(), "mood");
    let mut running = serve(folder.path()).start();
    let replace = |name: &str| {
        let draft = folder.path().join("draft");
        fs::copy(other.path().join("mood").join(name), &draft).unwrap();
        fs::rename(draft, folder.path().join("mood").join(name)).unwrap();
    };
    replace("head.safetensors");
    running.until_logged("not complete yet");
    assert_eq!(two.which(&classify(&running).await), 0);
    replace("head.json");
    running.until_logged("now served");
    assert_eq!(two.which(&classify(&running).await), 1);
    fs::write(folder.path().join("mood/head.json"), "{").unwrap();
    let log = running.until_logged("refused");
    assert!(log.contains("head.json"), "{log}");
    assert_eq!(two.which(&classify(&running).await), 1);
}

#[tokio::test]
async fn a_folder_that_another_takes_the_place_of_is_watched_on() {
    let (two, parent) = (Two::new(), TempDir::new().unwrap());
    let [heads, next] = ["heads", "next"].map(|name| parent.path().join(name));
    two.heads[0].save(&heads, "mood");
    two.heads[1].save(&next, "mood");
    let mut running = serve(&heads).start();
    fs::rename(&heads, parent.path().join("old")).unwrap();
    fs::rename(&next, &heads).unwrap();
    running.signal("HUP");
    running.until_logged("now served");
    assert_eq!(two.which(&classify(&running).await), 1);
    two.heads[0].save(&heads, "mood");
    running.until_logged("now served");
    assert_eq!(two.which(&classify(&running).await), 0);
}

#[tokio::test]
async fn of_two_heads_with_one_name_the_later_serves_and_the_earlier_when_it_goes() {
    let (two, first, second) = (Two::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    two.heads[0].save(first.path(), "mood");
    // Hidden by the later one, so it needn't be fit to serve.
    let mut foreign =
        TestHead::new(&Judge::new(&config(tiny("sentence"))), &json!("last-four"), &["a", "b"]);
    foreign.descriptor.encoder = "0".repeat(64);
    let third = TempDir::new().unwrap();
    foreign.save(third.path(), "mood");
    two.heads[1].save(second.path(), "mood");
    let mut running = serve(third.path())
        .arg("--heads")
        .arg(first.path().to_str().unwrap())
        .arg("--heads")
        .arg(second.path().to_str().unwrap())
        .env("STRATA_CLASSIFY_HEADS", "mood")
        .start();
    assert_eq!(two.which(&classify(&running).await), 1);
    fs::remove_dir_all(second.path().join("mood")).unwrap();
    running.until_logged("removed");
    assert_eq!(two.which(&classify(&running).await), 0);
}

/// Files elsewhere, which the watched folder links to: the system tells nothing of their changes.
fn linked(two: &Two) -> (TempDir, TempDir) {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    two.heads[0].save(elsewhere.path(), "mood");
    fs::create_dir(folder.path().join("mood")).unwrap();
    for name in ["head.json", "head.safetensors"] {
        let target = elsewhere.path().join("mood").join(name);
        symlink(target, folder.path().join("mood").join(name)).unwrap();
    }
    (folder, elsewhere)
}

#[tokio::test]
async fn sighup_has_folders_looked_at() {
    let two = Two::new();
    let (folder, elsewhere) = linked(&two);
    let mut running = serve(folder.path()).start();
    two.heads[1].save(elsewhere.path(), "mood");
    assert_eq!(two.which(&classify(&running).await), 0);
    running.signal("HUP");
    running.until_logged("now served");
    assert_eq!(two.which(&classify(&running).await), 1);
}

#[tokio::test]
async fn what_watching_cannot_see_is_polled() {
    let two = Two::new();
    let (folder, elsewhere) = linked(&two);
    let mut running = serve(folder.path()).env("STRATA_HEADS_POLL_MS", "20").start();
    two.heads[1].save(elsewhere.path(), "mood");
    running.until_logged("now served");
    assert_eq!(two.which(&classify(&running).await), 1);
}

/// As Kubernetes mounts it: links through `..data`, which is itself a link that is replaced.
#[tokio::test]
async fn a_mount_of_kubernetes_is_swapped_whole() {
    let two = Two::new();
    // A mount for each head, and one mount for all.
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
        fill("..1", &two.heads[0]);
        if inner.is_empty() {
            for name in ["head.json", "head.safetensors"] {
                symlink(Path::new("..data").join(name), mount.join(name)).unwrap();
            }
        } else {
            symlink(Path::new("..data").join(inner), mount.join(inner)).unwrap();
        }
        let mut running = serve(folder.path()).start();
        assert_eq!(two.which(&classify(&running).await), 0);
        fill("..2", &two.heads[1]);
        running.until_logged("now served");
        assert_eq!(two.which(&classify(&running).await), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_under_load_lose_no_request_and_mix_no_answer() {
    let (two, folder) = (Arc::new(Two::new()), TempDir::new().unwrap());
    two.heads[0].save(folder.path(), "mood");
    // Nobody reads the log meanwhile, and a full pipe would stop the server.
    let running = serve(folder.path()).env("STRATA_LOG_FILTER", "warn").start();
    let (done, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (two, done, asked) = (Arc::clone(&two), Arc::clone(&done), Arc::clone(&asked));
        let url = running.url("/classify");
        clients.spawn(async move {
            let client = reqwest::Client::new();
            while !done.load(Ordering::Relaxed) {
                let answer = client.post(&url).json(&ask()).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                two.which(&answer.json().await.unwrap());
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for swap in 1..=SWAPS {
        let (head, place) = (&two.heads[swap % 2], folder.path());
        head.save(place, "mood");
        let version = version_of(&place.join("mood"));
        // Each takes effect before the next.
        while classify(&running).await["versions"]["mood"] != version {}
    }
    done.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let asked = asked.load(Ordering::Relaxed);
    println!("{asked} requests over {CONNECTIONS} connections during {SWAPS} swaps");
    assert!(asked > SWAPS);
}
