//! Attention of one sequence and one attention head with a running softmax (Milakov and Gimelshein,
//! 2018; the order of FlashAttention): no `(t, t)` matrix is stored.
//!
//! Letters: `t` keys, `d` columns of an attention head, `n` queries at a time. A register holds one
//! number of each of its queries, so maxima and sums over keys are operations between registers,
//! and the numbers of different queries are never combined: the bits of a query are the same in a
//! full block and in one that is not full.

mod blocks;
mod distances;
mod operands;
mod rounded;
mod softmax;
mod token_scores;
mod transpose;
mod upcoming;

pub use blocks::attention;
pub use distances::BlockDistances;
pub use operands::Plain;
pub use rounded::Rounded;
pub use softmax::{Softmax, StorePowers};
pub use token_scores::{ScoreBlock, add_token_scores};
pub use transpose::scatter;
