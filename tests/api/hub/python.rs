//! Python's own client and Strata read each other's caches, and that client reads the hub of these tests.

use std::process::Command;

use super::server::NAME;
use super::{Setup, folder, names};
use crate::support::root;

/// Runs `claims` of `tests/clients/hub_cache.py` with the real `huggingface_hub`.
fn python(setup: &Setup, action: &str) -> String {
    let python = root().join(".venv-clients-quick/bin/python");
    let missing = "run `make .venv-clients-quick/installed`";
    assert!(python.is_file(), "{} isn't there: {missing}", python.display());
    let output = Command::new(python)
        .arg("-B")
        .arg(root().join("tests/clients/hub_cache.py"))
        .args([action, NAME])
        .arg(setup.cache.path())
        .env_clear()
        .env("HF_ENDPOINT", setup.hub.url())
        .env("HF_HOME", setup.cache.path())
        .env("HF_HUB_DISABLE_TELEMETRY", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn clients_read_what_strata_fetched() {
    let setup = Setup::new();
    let ours = folder(&setup.fetch());
    setup.hub.take_requests();
    assert_eq!(python(&setup, "cached"), ours.display().to_string());
    // Asked by that client, the hub has nothing new.
    assert_eq!(python(&setup, "fetch-same"), ours.display().to_string());
    assert_eq!(setup.hub.take_requests(), []);
    assert_eq!(python(&setup, "scan"), "1 repositories, 0 warnings");
}

#[test]
fn clients_that_fetch_leave_a_cache_that_strata_serves() {
    let setup = Setup::new();
    let theirs = python(&setup, "fetch");
    assert!(names(std::path::Path::new(&theirs)).contains(&"README.md".to_owned()));
    setup.hub.take_requests();
    assert_eq!(folder(&setup.fetch()).display().to_string(), theirs);
    assert_eq!(setup.hub.take_requests(), []);
    let running = setup.serve(NAME).env("HF_HUB_OFFLINE", "1").start();
    running.terminate();
    assert!(running.wait().0.success());
}

#[test]
fn the_hub_of_these_tests_refuses_as_the_real_client_expects() {
    let setup = Setup::new();
    assert_eq!(
        python(&setup, "refusals"),
        "RevisionNotFoundError RepositoryNotFoundError RemoteEntryNotFoundError"
    );
    setup.hub.contents().gated = true;
    assert_eq!(python(&setup, "gated"), "GatedRepoError");
}
