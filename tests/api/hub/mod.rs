//! Models by name, from a hub on the loopback interface.

mod faults;
mod python;
mod server;
mod serving;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::support::process::Strata;
use crate::support::tiny;

use server::{Hub, NAME};

/// Files of the repository that nobody needs who serves it.
const UNNEEDED: [&str; 5] =
    ["README.md", "golden.json", "onnx/model.onnx", "pytorch_model.bin", "tf_model.h5"];

/// A hub, and an empty cache.
struct Setup {
    hub: Hub,
    cache: TempDir,
}

impl Setup {
    /// With a tiny model of sentence-transformers.
    fn new() -> Self {
        let hub = Hub::of_folder(&tiny("sentence"));
        let mut files = hub.contents().files();
        for name in UNNEEDED {
            files.entry(name.to_owned()).or_insert_with(|| vec![b'x'; 20_000]);
        }
        hub.contents().commit(files);
        Self { hub, cache: TempDir::new().unwrap() }
    }

    /// A command that finds this hub and this cache.
    fn command(&self, args: &[&str]) -> Strata {
        Strata::new(args)
            .env("HF_ENDPOINT", &self.hub.url())
            .env("HF_HUB_CACHE", self.cache.path().to_str().unwrap())
    }

    fn serve(&self, model: &str) -> Strata {
        self.command(&["serve", "--port", "0", "--model", model])
            .env("STRATA_HTTP_STOP_DELAY_MS", "0")
    }

    fn fetch(&self) -> Output {
        self.command(&["fetch", NAME]).output()
    }

    /// The folder of the repository in the cache.
    fn repository(&self) -> PathBuf {
        self.cache.path().join("models--org--tiny-sentences")
    }

    fn drafts(&self) -> PathBuf {
        self.repository().join(".strata-drafts")
    }

    /// Fails if the cache has anything that isn't a whole file of the repository.
    fn assert_only_whole_files(&self) {
        let files = self.hub.contents().files();
        let blobs = fs::read_dir(self.repository().join("blobs")).into_iter().flatten();
        for blob in blobs.map(|entry| entry.unwrap().path()) {
            let content = fs::read(&blob).unwrap();
            assert!(files.values().any(|whole| *whole == content), "{}", blob.display());
        }
    }
}

/// What a successful command prints: a folder.
fn folder(output: &Output) -> PathBuf {
    assert!(output.status.success(), "{}", errors(output));
    PathBuf::from(String::from_utf8(output.stdout.clone()).unwrap().trim_end())
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The one line with which a command fails.
#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", errors(output));
    let errors = errors(output);
    let line = errors.lines().last().unwrap().strip_prefix("error: ").expect("an error");
    line.to_owned()
}

/// The names of a folder's files, with those in folders below it.
fn names(folder: &Path) -> Vec<String> {
    server::files_of(folder, "").into_keys().collect()
}
