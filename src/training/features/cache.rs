//! Pooled rows on disk, so that the encoder computes them once.
//!
//! One folder per list of texts and encoder; in it one safetensors file per layer and pooling:
//! `rows` `(n, width)` f32, and as metadata the number of truncated texts, the name of the numerics,
//! and the SHA-256 of the rows. Rows of other numerics are never read: their bits differ; nor are rows
//! whose bytes have changed. A file is written completely or not at all, so that several processes may
//! share a cache.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

use super::matrix::Features;
use super::reading::LongTexts;
use crate::files::write_atomically;
use crate::model::checkpoint::fingerprint::sha256;
use crate::model::recipe::Pooling;
use crate::training::data::Row;

/// Changes when the same texts and encoder would give other rows, or when the file format changes.
const FORMAT: &str = "strata features 3";

const ROWS: &str = "rows";
const CUT: &str = "texts_cut";
const ROWS_SHA256: &str = "rows_sha256";
/// The metadata with the name of the numerics.
pub const NUMERICS: &str = "numerics";

/// A hidden state and how its tokens are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PooledLayer {
    /// 0 is the embedding output.
    pub layer: usize,
    pub pooling: Pooling,
}

/// The pooled rows of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledRows {
    /// One row per text.
    pub features: Features,
    /// Texts that were longer than a sequence and were truncated.
    pub truncated: usize,
}

/// The pooled rows on disk of one list of texts.
pub struct FeatureCache {
    folder: PathBuf,
    numerics: String,
}

/// What decides the rows of a text.
#[derive(Clone, Copy)]
pub struct EncoderIdentity<'a> {
    /// Identifies the encoder's weights, its tokenizer and its length limit.
    pub fingerprint: &'a str,
    /// The name of what decides the bits besides.
    pub numerics: &'a str,
}

impl FeatureCache {
    /// The part of the cache in `folder` for this encoder and these rows, in this order.
    pub fn new(
        folder: &Path,
        encoder: EncoderIdentity<'_>,
        long_texts: LongTexts,
        rows: &[Row],
    ) -> Self {
        let EncoderIdentity { fingerprint, numerics } = encoder;
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            // Lengths separate the parts, so that different lists have different hashes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        let version = env!("CARGO_PKG_VERSION");
        let settings = [FORMAT, fingerprint, numerics, version, long_texts.name()];
        settings.into_iter().for_each(&mut add);
        for Row { text, pair, .. } in rows {
            add(text);
            // An empty text is none, so that it can stand for a missing one.
            add(pair.as_deref().unwrap_or_default());
        }
        let folder = folder.join(hex::encode(hash.finalize()));
        Self { folder, numerics: numerics.to_owned() }
    }

    fn file(&self, PooledLayer { layer, pooling }: PooledLayer) -> PathBuf {
        self.folder.join(format!("{layer}-{}.safetensors", pooling.name()))
    }

    /// The pooled rows of `n` texts, if they are in the cache and complete.
    pub fn read(&self, layer: PooledLayer, n: usize) -> Option<PooledRows> {
        let bytes = fs::read(self.file(layer)).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        let metadata = header.metadata().as_ref()?;
        let truncated = metadata.get(CUT)?.parse().ok()?;
        if *metadata.get(NUMERICS)? != self.numerics {
            return None;
        }
        let file = SafeTensors::deserialize(&bytes).ok()?;
        let view = file.tensor(ROWS).ok()?;
        let &[rows, width] = view.shape() else { return None };
        if rows != n || width == 0 || view.dtype() != Dtype::F32 {
            return None;
        }
        if *metadata.get(ROWS_SHA256)? != sha256(view.data()) {
            return None;
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some(PooledRows { features: Features { rows, width, values }, truncated })
    }

    /// Writes pooled rows.
    ///
    /// # Errors
    /// They can't be written.
    pub fn write(&self, layer: PooledLayer, pooled: &PooledRows) -> io::Result<()> {
        let Features { rows, width, values } = &pooled.features;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![*rows, *width], &bytes);
        let metadata = HashMap::from([
            (CUT.to_owned(), pooled.truncated.to_string()),
            (NUMERICS.to_owned(), self.numerics.clone()),
            (ROWS_SHA256.to_owned(), sha256(&bytes)),
        ]);
        let content = view.and_then(|view| safetensors::serialize([(ROWS, view)], Some(metadata)));
        let content = content.map_err(io::Error::other)?;
        fs::create_dir_all(&self.folder)?;
        write_atomically(&self.file(layer), &content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled() -> PooledRows {
        let values = vec![1.0, -0.5, f32::MIN_POSITIVE, 3e9, 0.1, 7.0];
        PooledRows { features: Features { rows: 3, width: 2, values }, truncated: 1 }
    }

    fn rows(texts: [&str; 3]) -> [Row; 3] {
        texts.map(|text| Row {
            text: text.to_owned(),
            pair: None,
            line: 1,
            group: 0,
            held_out: false,
        })
    }

    fn with_pair(row: Row) -> Row {
        Row { pair: Some("second".to_owned()), ..row }
    }

    #[test]
    fn rows_are_read_back_for_the_same_texts_encoder_and_layer_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache_for = |[fingerprint, numerics]: [&str; 2], long_texts, rows: &[Row]| {
            let encoder = EncoderIdentity { fingerprint, numerics };
            FeatureCache::new(folder.path(), encoder, long_texts, rows)
        };
        let truncated = LongTexts::Truncate;
        let cache_of = |encoder, texts| cache_for(encoder, truncated, &rows(texts));
        let cache = cache_of(["e", "f32"], ["a", "b", "c"]);
        let layer = PooledLayer { layer: 3, pooling: Pooling::Mean };
        assert_eq!(cache.read(layer, 3), None);
        cache.write(layer, &pooled()).unwrap();
        assert_eq!(cache.read(layer, 3), Some(pooled()));
        assert_eq!(cache.read(PooledLayer { layer: 2, ..layer }, 3), None);
        assert_eq!(cache.read(PooledLayer { pooling: Pooling::Max, ..layer }, 3), None);
        assert_eq!(cache.read(layer, 4), None);
        for other in [
            cache_of(["e", "bf16"], ["a", "b", "c"]),
            cache_of(["e", "f32"], ["b", "a", "c"]),
            cache_of(["e", "f32"], ["a", "bc", ""]),
            cache_of(["ef", "32"], ["a", "b", "c"]),
            cache_for(["e", "f32"], LongTexts::Window, &rows(["a", "b", "c"])),
            cache_for(["e", "f32"], truncated, &rows(["a", "b", "c"]).map(with_pair)),
        ] {
            assert_eq!(other.read(layer, 3), None);
        }
        // The file itself says what it was computed with.
        let moved = FeatureCache { numerics: "bf16".to_owned(), ..cache };
        assert_eq!(moved.read(layer, 3), None);
    }

    #[test]
    fn an_incomplete_or_changed_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let encoder = EncoderIdentity { fingerprint: "e", numerics: "f32" };
        let rows = rows(["a", "b", "c"]);
        let cache = FeatureCache::new(folder.path(), encoder, LongTexts::Truncate, &rows);
        let layer = PooledLayer { layer: 0, pooling: Pooling::Cls };
        cache.write(layer, &pooled()).unwrap();
        let file = cache.file(layer);
        let whole = fs::read(&file).unwrap();
        for len in [0, 7, 40, whole.len() - 1] {
            fs::write(&file, &whole[..len]).unwrap();
            assert_eq!(cache.read(layer, 3), None, "{len} bytes");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&file, changed).unwrap();
        assert_eq!(cache.read(layer, 3), None);
        fs::write(&file, whole).unwrap();
        assert_eq!(cache.read(layer, 3), Some(pooled()));
    }
}
