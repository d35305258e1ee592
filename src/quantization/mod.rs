//! Embeddings as small integers or bits, as sentence-transformers' `quantize_embeddings` computes them,
//! and the files that have the ranges for that.
//!
//! <https://sbert.net/docs/package_reference/util/quantization.html>

mod calibration;
mod precision;
mod ranges;
#[cfg(test)]
mod tests;

pub use calibration::{Calibration, CalibrationError, Calibrations};
pub use precision::{Precision, Quantizer, Values};
pub use ranges::{InvalidRanges, Ranges};
