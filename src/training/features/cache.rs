//! Pooled rows on disk: what the encoder made of some texts is computed once.
//!
//! A folder for each set of texts and each encoder, in it a safetensors file for each layer and pooling:
//! `rows` `(n, width)` f32, and in its metadata how many texts were cut. Files are written whole or not
//! at all, so that several processes may share a cache.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest, Sha256};

use super::matrix::Features;
use crate::files::write_atomically;
use crate::model::recipe::Pooling;

/// Changes when the same texts and encoder would give other rows, or files look different.
const FORMAT: &str = "strata features 1";

const ROWS: &str = "rows";
const CUT: &str = "texts_cut";

/// A layer, 0 the embedding output, and how its tokens are pooled.
pub type Tap = (usize, Pooling);

/// Rows of one tap, and how many of the texts were cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// A row a text.
    pub rows: Features,
    /// Texts that were longer than a sequence.
    pub cut: usize,
}

/// What is on disk of some texts.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The part of the cache in `folder` that belongs to these texts, in this order. `encoder` says all
    /// that tells the encoder from others.
    pub fn of<'t>(
        folder: &Path,
        encoder: &[&str],
        texts: impl ExactSizeIterator<Item = &'t str>,
    ) -> Self {
        let mut sum = Sha256::new();
        let mut add = |part: &str| {
            // With lengths, so that no two lists run into each other.
            sum.update((part.len() as u64).to_le_bytes());
            sum.update(part);
        };
        add(FORMAT);
        encoder.iter().for_each(|part| add(part));
        texts.for_each(add);
        Self { folder: folder.join(hex::encode(sum.finalize())) }
    }

    fn file(&self, (layer, pooling): Tap) -> PathBuf {
        self.folder.join(format!("{layer}-{}.safetensors", pooling.name()))
    }

    /// The rows of a tap for `n` texts, if they are there and whole.
    pub fn read(&self, tap: Tap, n: usize) -> Option<Pool> {
        let bytes = fs::read(self.file(tap)).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        let cut = header.metadata().as_ref()?.get(CUT)?.parse().ok()?;
        let file = SafeTensors::deserialize(&bytes).ok()?;
        let view = file.tensor(ROWS).ok()?;
        let &[rows, width] = view.shape() else { return None };
        if rows != n || width == 0 || view.dtype() != Dtype::F32 {
            return None;
        }
        let (numbers, _) = view.data().as_chunks::<4>();
        let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Some(Pool { rows: Features { rows, width, values }, cut })
    }

    /// Keeps the rows of a tap.
    ///
    /// # Errors
    /// They can't be written.
    pub fn write(&self, tap: Tap, pool: &Pool) -> io::Result<()> {
        let Features { rows, width, values } = &pool.rows;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![*rows, *width], &bytes);
        let about = HashMap::from([(CUT.to_owned(), pool.cut.to_string())]);
        let whole = view.and_then(|view| safetensors::serialize([(ROWS, view)], Some(about)));
        let whole = whole.map_err(io::Error::other)?;
        fs::create_dir_all(&self.folder)?;
        write_atomically(&self.file(tap), &whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Pool {
        let values = vec![1.0, -0.5, f32::MIN_POSITIVE, 3e9, 0.1, 7.0];
        Pool { rows: Features { rows: 3, width: 2, values }, cut: 1 }
    }

    #[test]
    fn rows_come_back_as_they_were_kept_and_for_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let of = |encoder: &[&str], texts: [&'static str; 3]| {
            Cache::of(folder.path(), encoder, texts.into_iter())
        };
        let cache = of(&["e", "f32"], ["a", "b", "c"]);
        let tap = (3, Pooling::Mean);
        assert_eq!(cache.read(tap, 3), None);
        cache.write(tap, &pool()).unwrap();
        assert_eq!(cache.read(tap, 3), Some(pool()));
        assert_eq!(cache.read((2, Pooling::Mean), 3), None);
        assert_eq!(cache.read((3, Pooling::Max), 3), None);
        assert_eq!(cache.read(tap, 4), None);
        for other in [
            of(&["e", "bf16"], ["a", "b", "c"]),
            of(&["e", "f32"], ["b", "a", "c"]),
            of(&["e", "f32"], ["a", "bc", ""]),
            of(&["ef", "32"], ["a", "b", "c"]),
        ] {
            assert_eq!(other.read(tap, 3), None);
        }
    }

    #[test]
    fn a_file_that_is_not_whole_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::of(folder.path(), &[], ["a", "b", "c"].into_iter());
        let tap = (0, Pooling::Cls);
        cache.write(tap, &pool()).unwrap();
        let file = cache.file(tap);
        let whole = fs::read(&file).unwrap();
        for len in [0, 7, 40, whole.len() - 1] {
            fs::write(&file, &whole[..len]).unwrap();
            assert_eq!(cache.read(tap, 3), None, "{len} bytes");
        }
    }
}
