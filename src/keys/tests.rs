//! Keys as they are written, found again, and read again when they change.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::testing::{entry, hex};
use super::*;
use crate::telemetry::metrics::{Metrics, Reloads};

fn refused(text: &str) -> String {
    KeyEntry::read_all(text, "keys.toml").unwrap_err().to_string()
}

fn ring(text: &str, previous: &KeyRing) -> KeyRing {
    KeyRing::new(&KeyEntry::read_all(text, "keys.toml").unwrap(), previous)
}

#[test]
fn an_entry_is_a_hash_or_a_table_with_limits() {
    let (a, b) = (hex("a"), hex("b"));
    let text = format!(
        "one = '{a}'\n['t.wo']\nsha256 = '{b}'\nrequests_per_second = 5\ntokens_per_second = 0.5\n"
    );
    let entries = KeyEntry::read_all(&text, "keys.toml").unwrap();
    let rate = |number| Some(Rate::new(number).unwrap());
    let one = KeyEntry {
        name: "one".to_owned(),
        sha256: Sha256Hash::of_key(b"a"),
        requests_per_second: None,
        tokens_per_second: None,
    };
    let two = KeyEntry {
        name: "t.wo".to_owned(),
        sha256: Sha256Hash::of_key(b"b"),
        requests_per_second: rate(5.0),
        tokens_per_second: rate(0.5),
    };
    assert_eq!(entries, [one.clone(), two.clone()]);
    // As `strata key new` writes them, one after another.
    let written = two.to_toml() + &one.to_toml();
    assert_eq!(KeyEntry::read_all(&written, "keys.toml").unwrap(), [two, one]);
}

#[test]
fn what_cannot_be_used_is_named_and_not_quoted() {
    let a = hex("a");
    for (text, said) in [
        ("k = 'my-secret'", "keys.toml: k.sha256: must be 64 hexadecimal digits"),
        ("strata_x = 'k'", "keys.toml: a key: has a name that can't be used"),
        ("k = 1", "keys.toml: k: must be a SHA-256 or a table"),
        ("[k]\nkey = 'my-secret'", "keys.toml: k: has a field that is unknown; sha256, "),
        ("[k]\nrequests_per_second = 1", "keys.toml: k: needs sha256, a string"),
        ("ok = 'x'\nmy-secret", "keys.toml, line 2: not TOML: "),
        ("'my secret' = 'x'", "keys.toml: a key: has a name that can't be used"),
    ] {
        let refused = refused(text);
        assert!(refused.starts_with(said), "{text}: {refused}");
        assert!(!refused.contains("secret'") && !refused.contains("my"), "{refused}");
    }
    for number in ["0", "-1", "nan", "1e8"] {
        let refused = refused(&format!("[k]\nsha256 = '{a}'\ntokens_per_second = {number}"));
        assert!(refused.starts_with("keys.toml: k.tokens_per_second: "), "{refused}");
        assert!(refused.contains("at least one an hour, at most 10000000"), "{refused}");
    }
    let twice = refused(&format!("a = '{a}'\nb = '{}'", a.to_uppercase()));
    assert_eq!(twice, "keys.toml: b: it is the same key as a; one key has one name");
}

#[test]
fn a_key_is_found_by_what_its_client_sends() {
    let text = format!("a = '{}'\nb = '{}'", hex("key-a"), hex("key-b"));
    let ring = ring(&text, &KeyRing::default());
    assert_eq!(&**ring.find(b"key-b").unwrap().name(), "b");
    for other in ["", "key-", "key-bb", "KEY-B", &hex("key-b")] {
        assert!(ring.find(other.as_bytes()).is_none(), "{other}");
    }
}

#[test]
fn a_key_keeps_what_it_owes_when_it_is_read_again() {
    let text = |limit: f64| format!("[a]\nsha256 = '{}'\nrequests_per_second = {limit}", hex("a"));
    let before = ring(&text(0.001), &KeyRing::default());
    before.find(b"a").unwrap().charge(1).unwrap();
    let same = ring(&text(0.001), &before);
    assert!(same.find(b"a").unwrap().check().is_err());
    // What is owed is owed to the new limit too, and under a new name.
    let renamed = text(0.002).replace("[a]", "[b]");
    let renamed = ring(&renamed, &before);
    assert!(renamed.find(b"a").unwrap().check().is_err());
    let higher = ring(&text(2.0), &before);
    higher.find(b"a").unwrap().check().unwrap();
}

fn names(keys: &watch::Receiver<Arc<KeyRing>>) -> Vec<String> {
    keys.borrow().keys().map(|key| key.name().to_string()).collect()
}

/// Waits until a condition holds, for a minute at most.
fn until(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "it doesn't hold within a minute");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn source(text: &str) -> KeySource {
    KeySource { file: None, text: text.to_owned() }
}

/// The number of changes with a result, as the metrics have it.
fn changes(reloads: &Reloads, result: &str) -> usize {
    let metrics = Metrics::new();
    metrics.register(|registry| reloads.register(registry));
    let text = metrics.encode().unwrap();
    let name = format!("strata_config_reloads_total{{what=\"keys\",result=\"{result}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_change_of_the_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    fs::write(&file, entry("a")).unwrap();
    let source = KeySource { file: Some(file.clone()), text: entry("t") };
    let (_watch, keys) = KeyWatch::start(source, Reloads::default()).unwrap();
    assert_eq!(names(&keys), ["a", "t"]);
    fs::write(&file, entry("a") + &entry("b")).unwrap();
    until(|| names(&keys) == ["a", "b", "t"]);
}

#[test]
fn a_mistake_keeps_the_last_keys_and_the_next_good_ones_are_taken() {
    let reloads = Reloads::default();
    let (watch, keys) = KeyWatch::start(source(&entry("a")), reloads.clone()).unwrap();
    for (count, mistake) in [(1, "a"), (2, "a = 1"), (3, "a = 'x'")] {
        watch.read(source(mistake));
        until(|| changes(&reloads, "failed") == count);
        assert_eq!(names(&keys), ["a"], "{mistake}");
    }
    watch.read(source(&entry("c")));
    until(|| names(&keys) == ["c"]);
    assert!(keys.borrow().find(b"a").is_none());
    assert_eq!(changes(&reloads, "ok"), 1);
}

#[test]
fn keys_that_are_needed_are_not_switched_off() {
    let (watch, _) = KeyWatch::start(source(&entry("a")), Reloads::default()).unwrap();
    assert!(watch.would_switch_off(&KeySource::default()));
    assert!(!watch.would_switch_off(&source(&entry("b"))));
    let (none, _) = KeyWatch::start(KeySource::default(), Reloads::default()).unwrap();
    assert!(!none.would_switch_off(&KeySource::default()));
}

#[test]
fn keys_that_are_in_both_places_or_in_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let start = |file, text: &str| {
        let source = KeySource { file, text: text.to_owned() };
        KeyWatch::start(source, Reloads::default()).map(|(_, keys)| keys.borrow().is_required())
    };
    let absent = start(Some(file.clone()), "").unwrap_err().to_string();
    assert!(absent.contains("keys.toml: No such file"), "{absent}");
    fs::write(&file, "# none yet\n").unwrap();
    let none = start(Some(file.clone()), "").unwrap_err().to_string();
    assert!(none.contains("keys.toml: no key is in it, so that nobody"), "{none}");
    fs::write(&file, entry("a")).unwrap();
    let twice = start(Some(file), &format!("b = '{}'", hex("a"))).unwrap_err().to_string();
    assert!(twice.starts_with("auth.keys: b: its name or its key is in "), "{twice}");
    let wrong = start(Some(entry("a").into()), "").unwrap_err().to_string();
    assert!(wrong.starts_with("auth.keys_file (not shown): No such file"), "{wrong}");
    assert!(!start(None, "").unwrap());
}
