//! The fast encoder: sequences lie end to end, without padding, and weights are packed.
//!
//! Letters: `rows` tokens of all sequences, `t` of one, `c` hidden size, `f` intermediate size;
//! `width` is `c` rounded up to whole panels, since a GEMM writes whole panels.
//!
//! A layer is two parallel steps. First attention, sequence by sequence. Then, block of rows by
//! block of rows, everything up to the queries, keys and values of the next layer, so that a block
//! stays in the cache of its core. If there are few rows, one block holds them all, and the columns
//! of each GEMM are split between the threads instead.

mod attention;
mod blocks;
mod embeddings;
mod encoder;
mod gemm;
mod layer;
mod layer_norm;
mod pass;
mod positions;
mod relative;
mod row_layout;
mod scratch;
mod taps;
mod weights;

pub use encoder::Packed;
