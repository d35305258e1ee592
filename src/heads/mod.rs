//! Head folders: those built into the binary, `config/heads` in the working directory, and the
//! configured ones. Of two with one name the later is served.

mod error;
mod folder;
mod library;
mod set;
mod stamp;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

pub use error::HeadsError;
pub use library::Library;
pub use set::HeadSet;
pub use watch::Watch;

use crate::model::head::HeadFiles;

/// Where heads are kept beside the configuration.
const BESIDE_CONFIG: &str = "config/heads";
const JSON: &str = "head.json";
const WEIGHTS: &str = "head.safetensors";

/// The shipped heads.
#[derive(RustEmbed)]
#[folder = "config/heads"]
struct Shipped;

/// The folders of head folders that there are, in their order.
pub fn folders(configured: &[PathBuf]) -> Vec<PathBuf> {
    let beside = Some(Path::new(BESIDE_CONFIG)).filter(|folder| folder.is_dir());
    beside.into_iter().map(Path::to_owned).chain(configured.iter().cloned()).collect()
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
