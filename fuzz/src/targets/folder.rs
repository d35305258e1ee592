//! Folders that are written as one text: a line `=== NAME` before the content of each file.
//!
//! The content of a `.safetensors` file is its header alone; the length before it and the numbers after
//! it are added, since no fuzzer would get both right.

use std::fs;
use std::path::{Component, Path};

use serde_json::Value;
use tempfile::TempDir;

use super::root;

/// The name of the part that names a tiny checkpoint, whose files are there too.
const BASE: &str = "base";

/// The most files, the most characters of a name, and the most bytes after a header.
const FILES: usize = 24;
const NAME: usize = 60;
const NUMBERS: u64 = 1 << 20;

/// The files of a text by name, in order.
pub fn files(text: &[u8]) -> Vec<(&str, Vec<u8>)> {
    let mut files: Vec<(&str, Vec<u8>)> = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let name = line.strip_prefix(b"=== ").and_then(|name| std::str::from_utf8(name).ok());
        match (name, files.last_mut()) {
            (Some(name), _) => files.push((name.trim_end(), Vec::new())),
            (None, Some((_, content))) => content.extend_from_slice(line),
            (None, None) => {}
        }
    }
    files.truncate(FILES);
    for (_, content) in &mut files {
        // The end of the line before the next name.
        if content.last() == Some(&b'\n') {
            content.pop();
        }
    }
    files
}

/// Writes a folder with the files of a text, and with those of its base that it doesn't have.
pub fn write(text: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut base = None;
    for (name, content) in files(text) {
        let is_plain = |part| matches!(part, Component::Normal(_));
        if name == BASE {
            base = String::from_utf8(content).ok();
        } else if name.len() <= NAME
            && !name.contains('\0')
            && Path::new(name).components().all(is_plain)
        {
            let path = folder.path().join(name);
            let whole = if name.ends_with(".safetensors") { safetensors(content) } else { content };
            // A file may be where another one needs a folder.
            let _ =
                fs::create_dir_all(path.parent().unwrap()).and_then(|()| fs::write(path, whole));
        }
    }
    let is_name =
        |base: &String| base.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if let Some(base) = base.filter(is_name) {
        link(&root().join("tests/fixtures/tiny").join(base), folder.path());
    }
    folder
}

/// Links the files of `from` into `to` where there are none.
fn link(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            let _ = fs::create_dir_all(&place);
            link(&path, &place);
        } else if !place.exists() {
            let _ = std::os::unix::fs::symlink(path.canonicalize().unwrap(), place);
        }
    }
}

/// A safetensors file with this header. Its numbers are 0.5 where they are float32. What isn't JSON is
/// the whole file.
pub fn safetensors(header: Vec<u8>) -> Vec<u8> {
    if header.first() != Some(&b'{') {
        return header;
    }
    let tensors: Value = serde_json::from_slice(&header).unwrap_or_default();
    let end = |tensor: &Value| tensor.get("data_offsets")?.get(1)?.as_u64();
    let ends = tensors.as_object().into_iter().flatten().filter_map(|(_, tensor)| end(tensor));
    let numbers = ends.max().unwrap_or(0).min(NUMBERS) as usize;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(0.5_f32.to_le_bytes().into_iter().cycle().take(numbers));
    file
}
