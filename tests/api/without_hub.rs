//! A build without the feature `hub`: it serves what is in the cache, and fetches nothing.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::support::process::Strata;
use crate::support::tiny;

#[test]
fn a_model_of_the_cache_is_served_and_another_is_refused_with_the_reason() {
    let cache = TempDir::new().unwrap();
    let path = cache.path().to_str().unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let repository = cache.path().join("models--org--tiny");
    fs::create_dir_all(repository.join("snapshots")).unwrap();
    fs::create_dir_all(repository.join("refs")).unwrap();
    symlink(tiny("sentence"), repository.join("snapshots").join(commit)).unwrap();
    fs::write(repository.join("refs/main"), commit).unwrap();
    let fetch = |model: &str| Strata::new(&["fetch", model]).env("HF_HUB_CACHE", path).output();
    let cached = fetch("org/tiny");
    assert!(cached.status.success());
    let folder = repository.join("snapshots").join(commit);
    assert_eq!(String::from_utf8(cached.stdout).unwrap(), format!("{}\n", folder.display()));
    let other = fetch("org/other");
    assert_eq!(other.status.code(), Some(2));
    let expected = format!(
        "error: org/other: this build can't fetch models, and the cache {path} does not have it; use a build \
         with the feature hub, or the folder of a checkpoint\n"
    );
    assert_eq!(String::from_utf8(other.stderr).unwrap(), expected);
}
