//! Requests that lead to every kind of answer, so that every metric has something to count.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use strata::keys::Sha256Hash;
use tempfile::TempDir;

use super::connection::{CLIENTS, Connection, Reply};
use super::stack::{REPLICAS, waiting};
use crate::support::app::config;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::tiny;

/// A key without limits, and one that may send one request a second.
const KEYS: [(&str, &str); 2] =
    [("search", "strata_key-of-a-search"), ("reports", "strata_key-of-reports")];

pub struct Provoking {
    rounds: AtomicUsize,
    folder: TempDir,
    heads: [TestHead; 2],
}

impl Provoking {
    pub fn new() -> Self {
        let judge = Judge::new(&config(tiny("single-label")));
        let head =
            |factor| TestHead::new(&judge, &json!("last-four"), &["glad", "sad"]).times(factor);
        let heads = [head(1.0), head(-0.5)];
        let folder = tempfile::tempdir().unwrap();
        let provoking = Self { rounds: AtomicUsize::new(0), folder, heads };
        fs::write(provoking.keys_file(), keys()).unwrap();
        provoking.change_head(0);
        provoking
    }

    fn keys_file(&self) -> PathBuf {
        self.folder.path().join("keys.toml")
    }

    fn heads_folder(&self) -> PathBuf {
        self.folder.path().join("heads")
    }

    /// Another version of the head, and every third time one that can't be used.
    fn change_head(&self, round: usize) {
        let folder = self.heads_folder();
        fs::create_dir_all(&folder).unwrap();
        match round % 3 {
            2 => fs::write(folder.join("mood/head.json"), "[]").unwrap(),
            version => self.heads[version].save(&folder, "mood"),
        }
    }

    /// The settings of replicas whose queue is soon full: requests wait in it even if nothing runs.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let keys = self.keys_file().to_str().unwrap().to_owned();
        let heads = self.heads_folder().to_str().unwrap().to_owned();
        let mut settings = vec![("STRATA_AUTH_KEYS_FILE", keys), ("STRATA_HEADS", heads)];
        for (name, value) in [
            ("STRATA_BATCHING_BUDGET_TOKENS", "64"),
            ("STRATA_BATCHING_QUEUE_TOKENS", "64"),
            ("STRATA_BATCHING_GATHER_MS", "150"),
            ("STRATA_HTTP_CONNECTIONS", "12"),
            ("STRATA_HTTP_HEADER_TIMEOUT_MS", "500"),
            ("STRATA_LOG_FILTER", "info"),
            // Nothing listens there.
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ] {
            settings.push((name, value.to_owned()));
        }
        settings
    }

    /// Provokes everything once.
    pub fn round(&self) {
        let round = self.rounds.fetch_add(1, Ordering::SeqCst);
        let [search, reports] = [0, 1].map(|key| KEYS[key].1);
        let some = json!({"inputs": ["a film", "another"]});
        for (path, key, body) in [
            ("/embed", search, &some),
            ("/classify", search, &some),
            ("/embed", search, &json!({"inputs": []})),
            ("/embed", search, &json!({"inputs": vec!["a film"; 100]})),
            ("/nowhere", search, &some),
            ("/embed", "strata_not-a-key", &some),
            ("/embed", reports, &some),
            ("/embed", reports, &some),
        ] {
            ask(CLIENTS, path, key, "", body);
        }
        ask(CLIENTS, "/embed", search, "x-timeout-ms: 50\r\n", &some);
        fill_a_queue(search);
        leave(search);
        too_many_connections();
        self.change_head(round);
        // A file that can't be used changes nothing.
        let ending = if round.is_multiple_of(2) { "[half" } else { "" };
        fs::write(self.keys_file(), format!("{}{ending}", keys())).unwrap();
    }
}

/// The file of keys.
fn keys() -> String {
    let [search, reports] = KEYS.map(|(name, key)| {
        format!("[{name}]\nsha256 = \"{}\"\n", Sha256Hash::of_key(key.as_bytes()).to_hex())
    });
    format!("{search}{reports}requests_per_second = 1\n")
}

fn authorization(key: &str) -> String {
    format!("authorization: Bearer {key}\r\n")
}

/// Sends a request over a connection of its own. Whatever follows is welcome.
fn ask(address: &str, path: &str, key: &str, headers: &str, body: &Value) -> Option<Reply> {
    let mut connection = Connection::open(address).ok()?;
    connection.post(path, &format!("{}{headers}", authorization(key)), body).ok()
}

/// More requests at once than the queue of a replica can hold.
fn fill_a_queue(key: &str) {
    let address = format!("{}:8080", REPLICAS[0]);
    // 48 tokens.
    let body = json!({"inputs": vec!["a film"; 12]});
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| ask(&address, "/embed", key, "", &body));
        }
    });
}

/// A client that leaves while its request waits, if it is seen to wait.
fn leave(key: &str) {
    let Ok(mut connection) = Connection::open(CLIENTS) else { return };
    let sent = connection.send("/embed", &authorization(key), &json!({"inputs": "a film"}));
    for _ in 0..20 {
        if sent.is_err() || REPLICAS.into_iter().any(|replica| waiting(replica) > 0.0) {
            break;
        }
    }
}

/// More connections than a replica may have, on which nothing is sent.
fn too_many_connections() {
    let connect = |_| TcpStream::connect((REPLICAS[0], 8080)).ok();
    let _idle: Vec<_> = (0..16).map(connect).collect();
    ask(CLIENTS, "/embed", KEYS[0].1, "", &json!({"inputs": "a film"}));
}
