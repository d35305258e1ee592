//! Finds head folders: those built into the binary, `config/heads` in the working directory, and
//! the configured ones. Of two with one name the later is served.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rust_embed::RustEmbed;

use super::LoadError;
use crate::model::head::{Head, HeadError, HeadFiles};
use crate::model::recipe_book::RecipeBook;

/// Where heads are kept beside the configuration.
const BESIDE_CONFIG: &str = "config/heads";
const JSON: &str = "head.json";
const WEIGHTS: &str = "head.safetensors";

/// The shipped heads.
#[derive(RustEmbed)]
#[folder = "config/heads"]
struct Shipped;

/// Heads that serve, and those that were found and can't, with the reason.
#[derive(Default)]
pub struct Heads {
    pub loaded: BTreeMap<String, Arc<Head>>,
    pub skipped: BTreeMap<String, String>,
}

/// Loads every head that is found. One that was made for another encoder is skipped with a
/// warning, unless `named` lists it.
pub fn load(
    folders: &[impl AsRef<Path>],
    named: &[String],
    recipes: &RecipeBook,
    fingerprint: &str,
    own: Option<Head>,
) -> Result<Heads, LoadError> {
    let mut found = shipped();
    if Path::new(BESIDE_CONFIG).is_dir() {
        collect(Path::new(BESIDE_CONFIG), &mut found)?;
    }
    for folder in folders {
        collect(folder.as_ref(), &mut found)?;
    }
    let mut heads = Heads::default();
    if let Some(own) = own {
        heads.loaded.insert(own.name().to_owned(), Arc::new(own));
    }
    for (name, files) in found {
        match files.load(recipes, fingerprint) {
            Ok(head) => {
                heads.loaded.insert(name, Arc::new(head));
            }
            Err(error @ HeadError::OtherEncoder { .. }) if !named.contains(&name) => {
                tracing::warn!(head = name, "skipped: {error}");
                heads.skipped.insert(name, "it was made for another encoder".to_owned());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(missing) = named.iter().find(|name| !heads.loaded.contains_key(*name)) {
        let known: Vec<_> = heads.loaded.keys().map(String::as_str).collect();
        return Err(LoadError::UnknownHead { name: missing.clone(), known: known.join(", ") });
    }
    Ok(heads)
}

fn shipped() -> BTreeMap<String, HeadFiles> {
    let read = |path: &str| Shipped::get(path).map(|file| file.data.into_owned());
    let names = Shipped::iter()
        .filter_map(|path| path.strip_suffix(JSON)?.strip_suffix('/').map(str::to_owned));
    let files = names.filter_map(|name| {
        let json = read(&format!("{name}/{JSON}"))?;
        let weights = read(&format!("{name}/{WEIGHTS}"))?;
        let origin = "shipped".to_owned();
        Some((name.clone(), HeadFiles { name, origin, json, weights }))
    });
    files.collect()
}

/// Adds each folder in `folder` that has a `head.json`.
fn collect(folder: &Path, found: &mut BTreeMap<String, HeadFiles>) -> Result<(), LoadError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| LoadError::Unreadable { path, source }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let json = path.join(JSON);
        if !json.is_file() {
            continue;
        }
        let weights = path.join(WEIGHTS);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = HeadFiles {
            name: name.clone(),
            origin: path.display().to_string(),
            json: fs::read(&json).map_err(unreadable(&json))?,
            weights: fs::read(&weights).map_err(unreadable(&weights))?,
        };
        found.insert(name, files);
    }
    Ok(())
}
