//! The fingerprint of an encoder: it changes with everything that a head depends on, and nothing
//! else.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use strata::app;
use strata::model::checkpoint::{self, SentenceFiles, TensorNames, Weights};

use crate::formats::{rename, shard, with_old_norms, without_prefix};
use crate::support::copy::MODEL;
use crate::support::fixtures::config;
use crate::support::{CheckpointCopy, load};

const NAME: &str = "single-label";

fn fingerprint(change: impl FnOnce(&CheckpointCopy)) -> String {
    let copy = CheckpointCopy::new(NAME);
    change(&copy);
    load(copy.dir()).fingerprint
}

#[test]
fn a_fingerprint_changes_with_weights_config_tokenizer_and_limit() {
    let copy = CheckpointCopy::new(NAME);
    let mut shorter = config(copy.dir());
    shorter.limits.sequence_tokens = NonZeroUsize::new(63);
    let mut found = vec![
        fingerprint(|_| {}),
        fingerprint(|copy| {
            copy.edit(|tensors| {
                // The smallest possible change of one number.
                let tensor = tensors.get_mut("bert.encoder.layer.2.output.dense.bias").unwrap();
                tensor.bytes[0] ^= 1;
            });
        }),
        fingerprint(|copy| {
            copy.edit_json("config.json", |json| json["layer_norm_eps"] = 1e-5.into())
        }),
        fingerprint(|copy| {
            copy.edit_json("tokenizer.json", |json| json["normalizer"]["lowercase"] = false.into());
        }),
        app::load_parts(&shorter, &mut |_| {}).unwrap().fingerprint,
    ];
    let all = found.len();
    assert!(found.iter().all(|one| one.len() == 64));
    found.sort();
    found.dedup();
    assert_eq!(found.len(), all);
}

#[test]
fn a_fingerprint_does_not_change_with_files_prefixes_or_old_names() {
    let whole = fingerprint(|_| {});
    assert_eq!(fingerprint(shard), whole);
    assert_eq!(fingerprint(|copy| rename(copy, without_prefix)), whole);
    assert_eq!(fingerprint(|copy| rename(copy, with_old_norms)), whole);
    assert_eq!(fingerprint(|copy| copy.write("README.md", "new")), whole);
    // Nor does it change with the order of the tensors in a file.
    let reversed = fingerprint(|copy| copy.write(MODEL, reversed(&copy.bytes(MODEL))));
    assert_eq!(reversed, whole);
}

/// The fingerprint of a folder's weights and two of its files.
fn direct(copy: &CheckpointCopy, settings: Option<&str>) -> String {
    let names = TensorNames::prefixed(&["bert."]);
    let (weights, sentence) = (Weights::open(copy.dir(), names).unwrap(), SentenceFiles::default());
    let files = FILES.map(|name| copy.file(name));
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    checkpoint::fingerprint::fingerprint(&weights, &sentence, &files, settings, 63).unwrap()
}

const FILES: [&str; 2] = ["config.json", "tokenizer.json"];

#[test]
fn a_fingerprint_is_the_hash_of_all_bytes_in_the_written_order() {
    for settings in [None, Some("settings")] {
        let copy = CheckpointCopy::new(NAME);
        let hash = Sha256::digest(hashed(&copy, settings));
        assert_eq!(direct(&copy, settings), hex::encode(hash), "{settings:?}");
    }
}

/// All that a fingerprint is the hash of.
fn hashed(copy: &CheckpointCopy, settings: Option<&str>) -> Vec<u8> {
    let mut bytes = b"strata-encoder-1\nlimit 63\n".to_vec();
    for name in FILES {
        let file = copy.bytes(name);
        bytes.extend(format!("file {}\n", file.len()).bytes());
        bytes.extend(file);
    }
    bytes.extend(
        settings.map_or(String::new(), |text| format!("tokenizing {}\n{text}", text.len())).bytes(),
    );
    let tensors = copy.tensors(MODEL).into_iter();
    let bare = tensors.map(|(name, tensor)| (without_prefix(&name), tensor));
    for (name, tensor) in bare.collect::<BTreeMap<_, _>>() {
        bytes.extend(format!("tensor {name} {:?} {:?}\n", tensor.dtype, tensor.shape).bytes());
        bytes.extend(tensor.bytes);
    }
    bytes
}

#[test]
fn a_fingerprint_changes_with_the_first_the_middle_and_the_last_byte_of_each_part() {
    let whole = CheckpointCopy::new(NAME);
    let mut found =
        vec![direct(&whole, None), direct(&whole, Some("a")), direct(&whole, Some("b"))];
    for name in whole.tensors(MODEL).keys() {
        for place in 0..3 {
            let copy = CheckpointCopy::new(NAME);
            copy.edit(|tensors| flip(&mut tensors.get_mut(name).unwrap().bytes, place));
            found.push(direct(&copy, None));
        }
    }
    for name in FILES {
        for place in 0..3 {
            let copy = CheckpointCopy::new(NAME);
            let mut bytes = copy.bytes(name);
            flip(&mut bytes, place);
            copy.write(name, bytes);
            found.push(direct(&copy, None));
        }
    }
    let all = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), all);
}

/// Changes one bit of the first, the middle or the last byte.
fn flip(bytes: &mut [u8], place: usize) {
    let last = bytes.len() - 1;
    bytes[last * place / 2] ^= 1;
}

/// The same tensors in reversed order.
fn reversed(file: &[u8]) -> Vec<u8> {
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).unwrap();
    let end = data.len() as u64;
    let mut moved = Vec::new();
    for (_, tensor) in header.iter_mut().filter(|(name, _)| *name != "__metadata__") {
        let offsets = &mut tensor["data_offsets"];
        let (from, to) = (offsets[0].as_u64().unwrap(), offsets[1].as_u64().unwrap());
        *offsets = serde_json::json!([end - to, end - from]);
        moved.push((end - to, &data[from as usize..to as usize]));
    }
    moved.sort_unstable();
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(moved.into_iter().flat_map(|(_, bytes)| bytes));
    file
}
