//! The heads in the binary.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;

use crate::model::head::HeadFiles;

#[derive(RustEmbed)]
#[folder = "config/heads"]
struct Shipped;

/// The files of the shipped heads, by the head's name.
pub fn shipped() -> BTreeMap<String, HeadFiles> {
    let read = |path: String| Shipped::get(&path).map(|file| file.data.into_owned());
    let names = Shipped::iter().filter_map(|path| {
        path.strip_suffix(HeadFiles::JSON)?.strip_suffix('/').map(str::to_owned)
    });
    let files = names.filter_map(|name| {
        let json = read(format!("{name}/{}", HeadFiles::JSON))?;
        let weights = read(format!("{name}/{}", HeadFiles::WEIGHTS))?;
        let origin = "shipped".to_owned();
        Some((name.clone(), HeadFiles { name, origin, json, weights }))
    });
    files.collect()
}
