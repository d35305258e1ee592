//! The weights of a text's own tokens, as in bge-m3 (Chen et al. 2024, arXiv:2402.03216).

use strata_kernels::Kernels;

use super::input::SparseInput;
use super::pairs::join;
use crate::model::checkpoint::SpladePooling;
use crate::model::dense::Dense;
use crate::model::pooling_mask::counted_rows;
use crate::model::row_layer::RowLayer;
use crate::model::token_layers::TokenLayers;

/// A weight of each token: that of an id is the largest of its tokens.
pub struct Lexical {
    weight: TokenLayers,
    /// Ids without a weight: special tokens.
    weightless: Vec<u32>,
}

impl Lexical {
    /// `weight` is `(c) → (1)`.
    pub fn new(weight: &Dense, weightless: Vec<u32>, kernels: Kernels) -> std::io::Result<Self> {
        let weight = TokenLayers::pack(kernels, &[RowLayer::dense(weight.clone())])?;
        Ok(Self { weight, weightless })
    }

    /// The pairs of the tokens that count.
    pub fn row(&self, text: &SparseInput<'_>) -> Vec<f32> {
        let SparseInput { rows, ids, mask } = *text;
        let weights = self.weight.forward(rows);
        let counted = counted_rows(rows.rows(), mask).map(|(row, _)| (ids[row], weights[row]));
        let own = counted.filter(|(id, _)| !self.weightless.contains(id));
        join(SpladePooling::Max, own.map(|(id, weight)| (id as usize, weight)))
    }
}

#[cfg(test)]
mod tests {
    use strata_kernels::View;

    use super::*;
    use crate::model::dense::DenseActivation;
    use crate::model::pooling_mask::PoolingMask;

    #[test]
    fn an_id_has_the_largest_weight_of_its_tokens_and_a_special_one_has_none() {
        let weight = Dense::new(vec![1.0, 1.0], vec![0.5], DenseActivation::Relu);
        let lexical = Lexical::new(&weight, vec![0], Kernels::best()).unwrap();
        let rows = [9.0, 9.0, 1.0, 2.0, -3.0, 0.0, 2.0, 2.0];
        let text = SparseInput { rows: View::new(&rows, 4, 2, 2), ids: &[0, 7, 5, 7], mask: None };
        assert_eq!(lexical.row(&text), [7.0, 4.5]);
        let mask =
            PoolingMask { counted: vec![false, true, true, false], before: 1, total: 3, prompt: 0 };
        assert_eq!(lexical.row(&SparseInput { mask: Some(&mask), ..text }), [7.0, 3.5]);
    }
}
