//! Brings the files of a revision into the cache.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::client::Client;
use super::download::{Download, Failed};
use super::environment::Environment;
use super::error::HubError;
use super::event::{Event, Snapshot};
use super::listing::{RemoteFile, list};
use super::name::HubName;
use super::needed::{MODULES, needed};
use super::repository::Repository;

/// What is escaped in a file's path.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A module in `modules.json`.
#[derive(Deserialize)]
struct Module {
    path: String,
}

/// Fetches the files of a model's revision that the cache lacks.
///
/// # Errors
/// The hub can't be reached or refuses, the model can't be served, or a file can't be fetched or written.
pub fn fetch(
    name: &HubName,
    environment: &Environment,
    repository: &Repository,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Snapshot, HubError> {
    let client = Client::new(environment).map_err(|reason| HubError::Unreachable {
        name: name.to_string(),
        endpoint: environment.endpoint.clone(),
        reason,
    })?;
    let listing = list(&client, name, environment)?;
    let mut fetcher = Fetcher {
        name,
        client,
        drafts: repository.drafts(),
        repository,
        snapshot: repository.snapshot(&listing.commit),
        commit: &listing.commit,
        silence: environment.silence,
        lock: None,
    };
    let modules = match listing.files.iter().find(|file| file.name == MODULES) {
        Some(list) => {
            fetcher.bring(&[list], observe)?;
            Some(fetcher.folders_of_modules())
        }
        None => None,
    };
    let files = needed(&listing, modules.as_deref())
        .map_err(|message| HubError::NotServable { name: name.to_string(), message })?;
    let missing = fetcher.missing(&files);
    if !missing.is_empty() {
        let bytes = missing.iter().map(|file| file.bytes).sum();
        observe(Event::Fetching { files: missing.len(), bytes });
        fetcher.bring(&missing, observe)?;
    }
    let written = repository.write_reference(name, &listing.commit);
    // A cache that can't be written serves as it is.
    if fetcher.lock.is_some() {
        written.map_err(|source| fetcher.cache_error(&fetcher.drafts, source))?;
    }
    Ok(Snapshot { dir: fetcher.snapshot, commit: listing.commit })
}

/// Brings files of one commit into the cache.
struct Fetcher<'a> {
    name: &'a HubName,
    client: Client,
    drafts: PathBuf,
    repository: &'a Repository,
    snapshot: PathBuf,
    commit: &'a str,
    silence: Duration,
    /// Held from the first file that is fetched: other processes wait, and then find the files.
    lock: Option<File>,
}

impl Fetcher<'_> {
    /// The files that the cache lacks, or has with another size.
    fn missing<'f>(&self, files: &[&'f RemoteFile]) -> Vec<&'f RemoteFile> {
        let is_there = |file: &RemoteFile| has_size(&self.snapshot.join(&file.name), file.bytes);
        files.iter().filter(|file| !is_there(file)).copied().collect()
    }

    /// Brings files into the cache, if they aren't there.
    fn bring(
        &mut self,
        files: &[&RemoteFile],
        observe: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), HubError> {
        if self.missing(files).is_empty() {
            return Ok(());
        }
        self.lock().map_err(|source| self.cache_error(&self.drafts, source))?;
        for file in self.missing(files) {
            let blob = self.repository.blob(file.hash.digits());
            if has_size(&blob, file.bytes) {
                observe(Event::Fetched(file.bytes));
            } else {
                let draft = self.download(file, observe)?;
                fs::rename(&draft, &blob).map_err(|source| self.cache_error(&blob, source))?;
            }
            let linked = self.repository.link(self.commit, &file.name, file.hash.digits());
            linked.map_err(|source| self.cache_error(&self.snapshot.join(&file.name), source))?;
        }
        Ok(())
    }

    /// Waits until no other process fetches this model.
    fn lock(&mut self) -> io::Result<()> {
        if self.lock.is_none() {
            self.repository.create()?;
            let folder = File::open(&self.drafts)?;
            folder.lock()?;
            self.lock = Some(folder);
        }
        Ok(())
    }

    fn download(
        &self,
        file: &RemoteFile,
        observe: &mut dyn FnMut(Event<'_>),
    ) -> Result<PathBuf, HubError> {
        let Self { name, commit, silence, .. } = *self;
        let download = Download {
            client: &self.client,
            path: format!("/{}/resolve/{commit}/{}", name.repository, escaped(&file.name)),
            file,
            drafts: &self.drafts,
            silence,
        };
        download.run(observe).map_err(|Failed { reason, remedy }| HubError::File {
            name: self.name.to_string(),
            file: file.name.clone(),
            reason,
            remedy,
        })
    }

    /// The folders that `modules.json` lists, the encoder's first. A list that can't be read is left to the
    /// checkpoint's reader, which says what is wrong with it.
    fn folders_of_modules(&self) -> Vec<String> {
        let text = fs::read_to_string(self.snapshot.join(MODULES)).unwrap_or_default();
        let modules: Vec<Module> = serde_json::from_str(&text).unwrap_or_default();
        modules.into_iter().map(|module| module.path.trim_matches(['.', '/']).to_owned()).collect()
    }

    fn cache_error(&self, path: &Path, source: io::Error) -> HubError {
        HubError::Cache { name: self.name.to_string(), path: path.to_owned(), source }
    }
}

/// A file's name in a URL.
fn escaped(name: &str) -> String {
    utf8_percent_encode(name, IN_PATHS).to_string()
}

/// Whether a path leads to a file of that size.
fn has_size(path: &Path, bytes: u64) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == bytes)
}
