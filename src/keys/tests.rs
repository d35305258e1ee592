//! Keys as they are written, found again, and read again when they change.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::*;
use crate::telemetry::metrics::Reloads;

fn hex(key: &str) -> String {
    Sha256Hash::of_key(key.as_bytes()).to_hex()
}

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
fn a_key_keeps_what_is_left_of_its_limits_unless_they_change() {
    let text = |limit| format!("[a]\nsha256 = '{}'\nrequests_per_second = {limit}", hex("a"));
    let before = ring(&text(1), &KeyRing::default());
    before.find(b"a").unwrap().charge(1, 1).unwrap();
    let same = ring(&text(1), &before);
    assert!(same.find(b"a").unwrap().check().is_err());
    let higher = ring(&text(2), &before);
    higher.find(b"a").unwrap().check().unwrap();
}

/// Waits until the keys are those with these names.
fn until(keys: &watch::Receiver<Arc<KeyRing>>, names: &[&str]) {
    let started = Instant::now();
    while !keys.borrow().names().eq(names.iter().copied()) {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", keys.borrow());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_change_of_the_file_is_read_and_a_mistake_in_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let entry = |name: &str| format!("{name} = '{}'\n", hex(name));
    fs::write(&file, entry("a")).unwrap();
    let source = KeySource { file: Some(file.clone()), text: entry("t") };
    let (watch, keys) = KeyWatch::start(source, Reloads::default()).unwrap();
    assert!(keys.borrow().names().eq(["a", "t"]));
    fs::write(&file, entry("a") + &entry("b")).unwrap();
    until(&keys, &["a", "b", "t"]);
    // None of these is taken; the next good one is.
    let other = |text: String| KeySource { file: None, text };
    for mistake in [String::new(), "a".to_owned(), entry("a") + &entry("a")] {
        watch.read(other(mistake));
    }
    watch.read(other(entry("c")));
    until(&keys, &["c"]);
    assert!(keys.borrow().find(b"a").is_none());
}

#[test]
fn keys_that_are_in_both_places_or_in_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let start = |file, text: &str| {
        let source = KeySource { file, text: text.to_owned() };
        KeyWatch::start(source, Reloads::default()).map(|(_, keys)| keys.borrow().len())
    };
    let absent = start(Some(file.clone()), "").unwrap_err().to_string();
    assert!(absent.contains("keys.toml: No such file"), "{absent}");
    fs::write(&file, "# none yet\n").unwrap();
    let none = start(Some(file.clone()), "").unwrap_err().to_string();
    assert!(none.contains("keys.toml: no key is in it, so that nobody"), "{none}");
    fs::write(&file, format!("a = '{}'", hex("a"))).unwrap();
    let twice = start(Some(file), &format!("b = '{}'", hex("a"))).unwrap_err().to_string();
    assert!(twice.starts_with("auth.keys: b: ") && twice.contains("has it too, as a"), "{twice}");
    assert_eq!(start(None, "").unwrap(), 0);
}
