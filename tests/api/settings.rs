//! Settings of the real binary: what would be served, and what can change while it is.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::process::{Running, Strata};
use crate::support::server::parse;
use crate::support::{default_model, root, tiny};

fn checked(server: Strata) -> (Option<i32>, String, String) {
    let output = server.arg("--check").output();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn check_says_what_would_be_served_and_listens_on_nothing() {
    // A port that is in use doesn't matter.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let model = default_model();
    let server = Strata::new(&["serve", "--model", model.to_str().unwrap(), "--port", &port]);
    let keys = "search = '82ba7e1f6f4171d3648bb4f785ca31992efe32df6e024acb5bccd297feb2f263'";
    let (code, said, _) = checked(server.env("STRATA_AUTH_KEYS", keys));
    assert_eq!(code, Some(0));
    let line = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("no {name}: {said}"))[13..].to_owned()
    };
    assert!(line("model").starts_with("all-MiniLM-L6-v2, from /"), "{said}");
    assert_eq!(line("fingerprint").len(), 64);
    assert!(line("encoder").starts_with("packed, f32, "), "{said}");
    assert_eq!(line("sequences"), "at most 256 tokens");
    assert!(line("recipes").contains("last-four-concat"), "{said}");
    let heads = line("heads");
    assert!(heads.starts_with("register ") && heads.contains(", sentiment "), "{heads}");
    assert_eq!(line("keys"), "search");
    assert_eq!(line("address"), format!("127.0.0.1:{port}"));
}

#[test]
fn check_fails_as_the_start_would() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("mood");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("head.json"), "{}").unwrap();
    fs::write(broken.join("head.safetensors"), "").unwrap();
    let heads = folder.path().to_str().unwrap().to_owned();
    let cases: [(&str, &str); 5] = [
        ("STRATA_MODEL", "/nowhere"),
        ("STRATA_HEADS", &heads),
        ("STRATA_CALIBRATIONS", "none.json"),
        ("STRATA_AUTH_KEYS_FILE", "none.toml"),
        ("STRATA_HTTP_TIMEOUT_MS", "0"),
    ];
    for (name, value) in cases {
        let server = || Strata::new(&["serve", "--port", "0"]);
        let model = tiny("sentence");
        let with_model = |server: Strata| {
            if name == "STRATA_MODEL" {
                server
            } else {
                server.env("STRATA_MODEL", model.to_str().unwrap())
            }
        };
        let (code, printed, check) = checked(with_model(server()).env(name, value));
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{name}: {check}");
        let start = with_model(server()).env(name, value).output();
        assert_eq!(start.status.code(), Some(2), "{name}");
        let start = String::from_utf8(start.stderr).unwrap();
        assert_eq!(check.lines().last(), start.lines().last(), "{name}");
    }
}

#[test]
fn sighup_applies_what_can_change_and_names_what_cannot() {
    let settings = |filter: &str, port: u16| {
        format!("host = '127.0.0.1'\nport = {port}\n[log]\nfilter = '{filter}'\n")
    };
    let model = tiny("sentence");
    let server = Strata::new(&["serve", "--model", model.to_str().unwrap()]);
    let server = server.file("config/strata.toml", &settings("warn", 0));
    let file = server.folder().join("config/strata.toml");
    let mut running = server.env("STRATA_HTTP_STOP_DELAY_MS", "0").start();

    fs::write(&file, settings("info", 1)).unwrap();
    running.signal("HUP");
    let log = running.until_logged("need a restart");
    assert!(log.contains("the settings were read again settings=\"log.filter\""), "{log}");
    assert!(log.contains("settings=\"port\""), "{log}");

    fs::write(&file, "[log]\nfilter = 'loud'\n").unwrap();
    running.signal("HUP");
    let log = running.until_logged("the settings can't be read");
    assert!(log.contains("log.filter"), "{log}");

    let key = "a = '82ba7e1f6f4171d3648bb4f785ca31992efe32df6e024acb5bccd297feb2f263'";
    fs::write(&file, format!("port = 0\n[auth]\nkeys = \"\"\"{key}\"\"\"\n")).unwrap();
    running.signal("HUP");
    running.until_logged("the keys have changed");
    assert_refused(&running);

    // Without keys it would suddenly be open to everyone.
    fs::write(&file, "port = 0\n").unwrap();
    running.signal("HUP");
    running.until_logged("no keys are configured any more");
    running.until_logged("settings=\"auth.keys\"");
    // It is named at each signal, until the restart has happened.
    running.signal("HUP");
    running.until_logged("no keys are configured any more");
    let log = running.until_logged("settings=\"auth.keys\"");
    assert!(!log.contains("the keys can be read again"), "{log}");
    assert_refused(&running);
}

/// A request without a key gets a 401.
#[track_caller]
fn assert_refused(running: &Running) {
    let mut stream = TcpStream::connect(running.address()).unwrap();
    let head = "POST /embed HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    parse(&read).problem(401, "unauthorized", None);
}

#[test]
fn keys_that_are_switched_on_with_a_mistake_leave_the_server_open_and_the_log_says_so() {
    let server = Strata::serve("sentence").file("config/strata.toml", "");
    let file = server.folder().join("config/strata.toml");
    let mut running = server.start();
    fs::write(&file, "[auth]\nkeys_file = 'none.toml'\n").unwrap();
    running.signal("HUP");
    running.until_logged("the keys can't be used; no request needs a key, as before");
}

#[test]
fn the_configuration_in_the_repository_passes_the_check() {
    let model = default_model();
    let config = root().join("config/strata.toml");
    let args = ["serve", "--config", config.to_str().unwrap(), "--model", model.to_str().unwrap()];
    let (code, said, error) = checked(Strata::new(&args));
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("none: no request needs one"), "{said}");
}
