//! Late interaction, as in ColBERT (Khattab and Zaharia 2020, arXiv:2004.12832): a vector for each token of
//! a text, and MaxSim, which compares those of two texts.
//!
//! Letters: `t` tokens, `c` hidden size, `m` tokens that count, `e` columns of a vector.

use std::sync::Arc;

use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::maximum::maximum;
use super::pooling_mask::{PoolingMask, counted_rows};
use super::row_layer::RowLayer;
use super::token_layers::TokenLayers;

pub use super::checkpoint::Similarity;

/// What a text is to the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What is searched for.
    Query,
    /// What is found.
    Document,
}

/// The ids of tokens that get no vector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedTokens {
    /// In queries.
    pub of_queries: Vec<u32>,
    /// In documents.
    pub of_documents: Vec<u32>,
}

/// From a hidden state `(t,c)` to the vectors of tokens `(m,e)`.
pub struct MultiVectorHead {
    /// The hidden state that it reads.
    layer: usize,
    kernels: Kernels,
    layers: TokenLayers,
    columns: usize,
    skips_first: bool,
    skipped: SkippedTokens,
    similarity: Similarity,
}

impl std::fmt::Debug for MultiVectorHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MultiVectorHead").field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl MultiVectorHead {
    /// The layers that make vectors of tokens, if the checkpoint has them. They are computed in f32.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        skipped: SkippedTokens,
    ) -> Result<Option<Arc<Self>>, CheckpointError> {
        let Some(files) = &checkpoint.sentence.multi_vector else { return Ok(None) };
        let layers = TokenLayers::pack(kernels, &files.layers)
            .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))?;
        let columns = files
            .layers
            .iter()
            .fold(checkpoint.config.hidden_size, |width, layer: &RowLayer| layer.outputs(width));
        Ok(Some(Arc::new(Self {
            layer: files.layer,
            kernels,
            layers,
            columns,
            skips_first: files.skips_first,
            skipped,
            similarity: files.similarity,
        })))
    }

    /// The hidden state that it reads.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// How two texts are compared.
    pub fn similarity(&self) -> Similarity {
        self.similarity
    }

    /// `e`, columns of a vector.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `H (t,c)` of the tokens `ids` → the vectors of those that count, `(m,e)`, row-major.
    pub fn vectors(
        &self,
        rows: View<'_>,
        ids: &[u32],
        role: Role,
        mask: Option<&PoolingMask>,
    ) -> Vec<f32> {
        let skipped = match role {
            Role::Query => &self.skipped.of_queries,
            Role::Document => &self.skipped.of_documents,
        };
        let has_vector =
            |row: usize| !(skipped.contains(&ids[row]) || self.skips_first && row == 0);
        let counted = counted_rows(rows.rows(), mask).map(|(row, _)| row);
        let kept: Vec<usize> = counted.filter(|&row| has_vector(row)).collect();
        if kept.is_empty() {
            return Vec::new();
        }
        let numbers: Vec<f32> = kept.iter().flat_map(|&row| rows.row(row)).copied().collect();
        let c = rows.columns();
        self.layers.forward(View::new(&numbers, kept.len(), c, c))
    }

    /// What compares documents with a query of these vectors, `(m,e)`.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn max_sim(&self, query: &[f32]) -> std::io::Result<MaxSim> {
        MaxSim::new(self.kernels, self.similarity, self.columns, query)
    }
}

/// The score of a document that has no vectors, as in sentence-transformers: below all others.
const NO_VECTORS: f32 = -1e9;

/// Vectors of a document that are compared at once.
const BLOCK: usize = 64;

/// MaxSim with one query, `Σᵢ maxⱼ qᵢ·dⱼ`: for each vector of the query, the product with the most similar
/// vector of a document.
pub struct MaxSim {
    kernels: Kernels,
    similarity: Similarity,
    columns: usize,
    /// The query's vectors; `None` if it has none.
    query: Option<PackedLinear>,
    vectors: usize,
}

impl MaxSim {
    fn new(
        kernels: Kernels,
        similarity: Similarity,
        columns: usize,
        query: &[f32],
    ) -> std::io::Result<Self> {
        let vectors = query.len() / columns;
        let bias = vec![0.0; vectors];
        let part = PackedPart { weight: query, bias: &bias };
        let query = match vectors {
            0 => None,
            _ => Some(PackedLinear::pack(kernels, Dtype::F32, columns, &[part])?),
        };
        Ok(Self { kernels, similarity, columns, query, vectors })
    }

    /// The score of a document of these vectors, `(m,e)`.
    pub fn score(&self, document: &[f32]) -> f32 {
        if document.is_empty() {
            return NO_VECTORS;
        }
        let Some(query) = &self.query else { return 0.0 };
        let mut largest = vec![f32::NEG_INFINITY; self.vectors];
        let (mut products, mut scratch) = (Vec::new(), OperandScratch::default());
        let stride = query.columns();
        // A block at a time, so that memory doesn't grow with both texts.
        for block in document.chunks(BLOCK * self.columns) {
            let m = block.len() / self.columns;
            products.resize(m * stride, 0.0);
            let view = View::new(block, m, self.columns, self.columns);
            let operand = Operand::new(self.kernels, Dtype::F32, view, &mut scratch);
            let out = ViewMut::new(&mut products, m, stride, stride);
            self.kernels.gemm(&operand, query, 0..query.panels(), Epilogue::Bias, out);
            for row in products.chunks_exact(stride) {
                let pairs = largest.iter_mut().zip(row);
                pairs.for_each(|(largest, x)| *largest = maximum(*largest, *x));
            }
        }
        let sum: f64 = largest.into_iter().map(f64::from).sum();
        match self.similarity {
            Similarity::MaxSim => sum as f32,
            Similarity::MeanMaxSim => (sum / self.vectors as f64) as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn max_sim(similarity: Similarity, query: &[f32]) -> MaxSim {
        MaxSim::new(Kernels::best(), similarity, 2, query).unwrap()
    }

    #[test]
    fn each_vector_of_a_query_counts_the_most_similar_one_of_a_document() {
        let query = [1.0, 0.0, 0.0, 2.0, -1.0, -1.0];
        let document = [3.0, 1.0, -1.0, 4.0];
        // 3, 8 and the largest of -4 and -3.
        assert_eq!(max_sim(Similarity::MaxSim, &query).score(&document), 8.0);
        assert_eq!(max_sim(Similarity::MeanMaxSim, &query).score(&document), 8.0 / 3.0);
    }

    #[test]
    fn all_blocks_of_a_document_are_compared() {
        let document: Vec<f32> = (0..3 * BLOCK + 5).flat_map(|at| [at as f32, -1.0]).collect();
        let score = max_sim(Similarity::MaxSim, &[1.0, 0.0, -1.0, 0.0]).score(&document);
        assert_eq!(score, (3 * BLOCK + 4) as f32);
    }

    #[test]
    fn a_text_without_vectors_has_a_score_too() {
        assert_eq!(max_sim(Similarity::MaxSim, &[1.0, 0.0]).score(&[]), NO_VECTORS);
        assert_eq!(max_sim(Similarity::MeanMaxSim, &[]).score(&[1.0, 0.0]), 0.0);
    }

    #[test]
    fn tokens_that_are_skipped_have_no_vector() {
        let head = |skips_first| MultiVectorHead {
            layer: 0,
            kernels: Kernels::best(),
            layers: TokenLayers::pack(Kernels::best(), &[RowLayer::Normalize]).unwrap(),
            columns: 2,
            skips_first,
            skipped: SkippedTokens { of_queries: vec![], of_documents: vec![7] },
            similarity: Similarity::MaxSim,
        };
        let rows = [3.0, 4.0, 0.0, 2.0, 5.0, 0.0];
        let view = View::new(&rows, 3, 2, 2);
        let vectors = |skips_first, role, mask: Option<&PoolingMask>| {
            head(skips_first).vectors(view, &[1, 7, 2], role, mask)
        };
        assert_eq!(vectors(false, Role::Query, None), [0.6, 0.8, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!(vectors(false, Role::Document, None), [0.6, 0.8, 1.0, 0.0]);
        assert_eq!(vectors(true, Role::Document, None), [1.0, 0.0]);
        let mask =
            PoolingMask { counted: vec![false, true, false], before: 1, total: 3, prompt: 0 };
        assert_eq!(vectors(true, Role::Query, Some(&mask)), [0.0, 1.0]);
        assert!(vectors(false, Role::Document, Some(&mask)).is_empty());
    }
}
