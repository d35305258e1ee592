//! Calibrations: the ranges of the rows of some texts, with what the rows depend on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ranges::Ranges;
use crate::files::write_atomically;
use crate::model::recipe::ResolvedRecipe;

/// The version of the file format.
const FORMAT: u32 = 1;

/// The ranges of the rows of some texts. They hold for rows of the same model, recipe, columns and
/// prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    format: u32,
    /// The name of the model, for people.
    pub model: String,
    /// The encoder's fingerprint.
    pub fingerprint: String,
    /// The resolved recipe, with its columns.
    pub recipe: Value,
    /// The prompt in front of each text; empty if there is none.
    pub prompt: String,
    /// How many texts there were.
    pub texts: usize,
    /// The range of each column.
    pub ranges: Arc<Ranges>,
}

/// Why a file has no calibration for a model.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The file can't be read.
    #[error("{}: {cause}; name a file that `strata calibrate` wrote", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file isn't what `strata calibrate` writes.
    #[error("{}: {message}; `strata calibrate` writes such files", .file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What was found and what is allowed.
        message: String,
    },
    /// The file was made with another model.
    #[error(
        "{}: fingerprint is that of another encoder, {model} {found}; the encoder is {expected}: make \
         the file again with `strata calibrate`", .file.display()
    )]
    OtherModel {
        /// The file.
        file: PathBuf,
        /// The name of the other model.
        model: String,
        /// Its fingerprint.
        found: String,
        /// The fingerprint of the encoder in use.
        expected: String,
    },
    /// Two files have ranges for the same rows.
    #[error(
        "{}: it has ranges for the same recipe, columns and prompt as {}; name only one of them",
        .file.display(), .earlier.display()
    )]
    Repeated {
        /// The later of the files.
        file: PathBuf,
        /// The earlier of them; the same path if the file is named twice.
        earlier: PathBuf,
    },
}

impl Calibration {
    /// The calibration of rows.
    pub fn new(
        model: &str,
        fingerprint: &str,
        recipe: &ResolvedRecipe,
        prompt: &str,
        texts: usize,
        ranges: Ranges,
    ) -> Self {
        Self {
            format: FORMAT,
            model: model.to_owned(),
            fingerprint: fingerprint.to_owned(),
            recipe: as_json(recipe),
            prompt: prompt.to_owned(),
            texts,
            ranges: Arc::new(ranges),
        }
    }

    /// Reads a file, which has to be of the encoder with this fingerprint.
    ///
    /// # Errors
    /// The file can't be read or used.
    pub fn read(file: &Path, fingerprint: &str) -> Result<Self, CalibrationError> {
        let bytes = fs::read(file)
            .map_err(|cause| CalibrationError::Unreadable { file: file.to_owned(), cause })?;
        let wrong = |message| CalibrationError::Content { file: file.to_owned(), message };
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let read: Self = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| wrong(format!("{}: {}", error.path(), error.inner())))?;
        json.end().map_err(|cause| wrong(format!("after the JSON value: {cause}")))?;
        if read.format != FORMAT {
            return Err(wrong(format!("format is {}; {FORMAT} is read", read.format)));
        }
        let columns = read.recipe["dimensions"].as_u64();
        if columns != Some(read.ranges.width() as u64) {
            let found = &read.recipe["dimensions"];
            let width = read.ranges.width();
            return Err(wrong(format!(
                "recipe.dimensions is {found} and ranges have {width} columns; they must be the same"
            )));
        }
        if read.fingerprint != fingerprint {
            return Err(CalibrationError::OtherModel {
                file: file.to_owned(),
                model: read.model,
                found: read.fingerprint,
                expected: fingerprint.to_owned(),
            });
        }
        Ok(read)
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        write_atomically(file, &serde_json::to_vec(self)?)
    }
}

/// The calibrations of a model.
#[derive(Clone, Debug, Default)]
pub struct Calibrations(Vec<Calibration>);

impl Calibrations {
    /// Reads the files of the encoder with this fingerprint.
    ///
    /// # Errors
    /// A file can't be used, or two have ranges for the same rows.
    pub fn read(files: &[PathBuf], fingerprint: &str) -> Result<Self, CalibrationError> {
        let mut all: Vec<Calibration> = Vec::new();
        for file in files {
            let next = Calibration::read(file, fingerprint)?;
            let same =
                |other: &Calibration| other.recipe == next.recipe && other.prompt == next.prompt;
            if let Some(earlier) = all.iter().position(same) {
                let earlier = files[earlier].clone();
                return Err(CalibrationError::Repeated { file: file.clone(), earlier });
            }
            all.push(next);
        }
        Ok(Self(all))
    }

    /// The ranges of the rows of a recipe for texts with a prompt.
    pub fn ranges(&self, recipe: &ResolvedRecipe, prompt: &str) -> Option<Arc<Ranges>> {
        let recipe = as_json(recipe);
        let fits = |known: &&Calibration| known.recipe == recipe && known.prompt == prompt;
        self.0.iter().find(fits).map(|known| Arc::clone(&known.ranges))
    }

    /// All of them, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = &Calibration> {
        self.0.iter()
    }
}

/// What identifies a recipe: its layers, combination, pooling and columns. A file has the same numbers,
/// since serde_json's feature `float_roundtrip` reads each as it was written.
fn as_json(recipe: &ResolvedRecipe) -> Value {
    serde_json::to_value(recipe).unwrap_or_default()
}
