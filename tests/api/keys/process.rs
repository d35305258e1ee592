//! The real binary with a file of keys.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::json;

use super::{KEY, OTHER_KEY, entry};
use crate::support::metrics::Scrape;
use crate::support::process::{Running, Strata};
use crate::support::until;

const TEXT: &str = "a xylophone";

async fn ask(running: &Running, key: &str) -> u16 {
    let request = reqwest::Client::new().post(running.url("/embed")).bearer_auth(key);
    request.json(&json!({"inputs": TEXT})).send().await.unwrap().status().as_u16()
}

async fn scrape(running: &Running, key: &str) -> Scrape {
    let request = reqwest::Client::new().get(running.url("/metrics")).bearer_auth(key);
    Scrape::parse(&request.send().await.unwrap().text().await.unwrap())
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_new_key_is_added_to_the_file_and_lets_its_client_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let path = file.to_str().unwrap();
    let new = |args: &[&str]| Strata::new(&[&["key", "new"], args].concat()).output();
    let first = printed(&new(&["first", "--file", path]));
    let limited = ["--requests-per-second", "1000", "--tokens-per-second", "1e5"];
    let second = printed(&new(&[&["second", "--file", path][..], &limited].concat()));
    let (first, second) = (first.trim(), second.trim());
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(first) && !text.contains(second), "{text}");
    let twice = new(&["first", "--file", path]);
    assert_eq!(twice.status.code(), Some(2));
    let said = String::from_utf8(twice.stderr).unwrap();
    assert!(said.contains("a key is called first already"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);

    let running = Strata::serve("sentence").env("STRATA_AUTH_KEYS_FILE", path).start();
    assert_eq!((ask(&running, first).await, ask(&running, second).await), (200, 200));
    assert_eq!(ask(&running, "strata_x").await, 401);
}

#[test]
fn keys_that_are_added_at_once_are_all_in_the_file_and_a_link_to_it_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("keys.toml"), folder.path().join("link.toml"));
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let link = link.to_str().unwrap();
            scope.spawn(move || {
                let name = format!("k{number}");
                printed(&Strata::new(&["key", "new", &name, "--file", link]).output());
            });
        }
    });
    let entries =
        strata::keys::KeyEntry::read_all(&fs::read_to_string(&file).unwrap(), "").unwrap();
    assert_eq!(entries.len(), 8);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn without_a_file_the_key_and_its_entry_are_printed() {
    let printed = printed(&Strata::new(&["key", "new", "search"]).output());
    let (key, entry) = printed.split_once("\n\n").unwrap();
    let expected = super::entry("search", key, "").replace('\'', "\"");
    assert_eq!(entry.trim(), expected.trim());
    for name in ["", "a b", "ä", key] {
        let output = Strata::new(&["key", "new", name]).output();
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
}

#[tokio::test]
async fn a_change_of_the_file_takes_effect_and_a_mistake_keeps_the_last_keys() {
    let server = Strata::serve("sentence").file("keys.toml", &entry("first", KEY, ""));
    let file = server.folder().join("keys.toml");
    let mut running = server.env("STRATA_AUTH_KEYS_FILE", "keys.toml").start();
    assert_eq!((ask(&running, KEY).await, ask(&running, OTHER_KEY).await), (200, 401));
    fs::write(&file, "first = 'xylophone'").unwrap();
    let log = running.until_logged("the keys can't be used");
    assert!(!log.contains("xylophone"), "{log}");
    assert_eq!(ask(&running, KEY).await, 200);
    fs::write(&file, entry("second", OTHER_KEY, "")).unwrap();
    until(async || ask(&running, OTHER_KEY).await == 200).await;
    assert_eq!(ask(&running, KEY).await, 401);
    let scrape = scrape(&running, OTHER_KEY).await;
    for (result, count) in [("failed", 1.0), ("ok", 1.0)] {
        let labels = [("what", "keys"), ("result", result)];
        assert_eq!(scrape.sum("strata_config_reloads_total", &labels), count, "{result}");
    }
    assert_eq!(scrape.value("strata_keys"), 1.0);
}

#[tokio::test]
async fn the_log_and_the_metrics_have_the_name_of_the_key_and_never_the_key() {
    let keys = entry("first", KEY, "requests_per_second = 0.001");
    let server = Strata::serve("sentence").file("keys.toml", &keys);
    let server = server.env("STRATA_AUTH_KEYS_FILE", "keys.toml");
    // As much as can be logged, libraries included.
    let filter = "trace,hyper=trace,hyper_util=trace,tower=trace,axum=trace";
    let running = server
        .env("STRATA_LOG_FILTER", filter)
        .env("STRATA_LOG_FORMAT", "json")
        .env("STRATA_AUTH_KEYS", &entry("second", OTHER_KEY, ""))
        .start();
    assert_eq!(ask(&running, OTHER_KEY).await, 200);
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(ask(&running, KEY).await);
    }
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let guess = "strata_a-guess-of-somebody";
    assert_eq!(ask(&running, guess).await, 401);
    let elsewhere = running.url(&format!("/embed?api_key={KEY}"));
    let request = reqwest::Client::new().post(elsewhere).header("x-api-key", KEY);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 401);

    let scrape = scrape(&running, OTHER_KEY).await;
    let requests = |labels: &[(&str, &str)]| scrape.sum("strata_key_requests_total", labels);
    assert_eq!(requests(&[("key", "second"), ("status", "200")]), 1.0);
    assert_eq!(requests(&[("key", "first")]), 20.0);
    assert!(requests(&[("key", "first"), ("code", "rate_limited")]) > 0.0);
    assert!(scrape.sum("strata_key_tokens_total", &[("key", "first")]) > 0.0);
    running.terminate();
    let (_, printed, log) = running.wait();
    let hash = entry("x", KEY, "");
    let hash = hash.split('\'').nth(1).unwrap();
    for secret in [KEY, OTHER_KEY, guess, hash, "xylophone"] {
        assert!(!log.contains(secret) && !printed.contains(secret), "{secret} is in the log");
    }
    let line = log.lines().find(|line| line.contains("\"key\":\"first\"")).unwrap();
    assert!(line.contains("\"route\":\"/embed\""), "{line}");
    // Whoever guesses can be found.
    let line = log.lines().find(|line| line.contains("unauthorized")).unwrap();
    assert!(line.contains("\"client\":\"127.0.0.1\""), "{line}");
}

#[test]
fn keys_that_cannot_be_used_end_the_start_with_one_line() {
    let fails = |name: &str, value: &str| {
        let output = Strata::serve("sentence").env(name, value).output();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        said.lines().last().unwrap().to_owned()
    };
    let absent = fails("STRATA_AUTH_KEYS_FILE", "none.toml");
    assert!(absent.starts_with("error: none.toml: No such file"), "{absent}");
    let plain = fails("STRATA_AUTH_KEYS", "search = 'xylophone'");
    assert!(plain.contains("not the key itself") && !plain.contains("xylophone"), "{plain}");
}
