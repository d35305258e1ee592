//! What a pass over a sequence comes to, in floating point operations.

use super::BertConfig;

impl BertConfig {
    /// The products of `depth` encoder layers over one sequence of `t` tokens, an addition and a
    /// multiplication counted as two: with `c` hidden and `f` intermediate columns
    ///
    /// `2·L·t·(4c² + 2cf) + 4·L·t²·c`
    ///
    /// the first part being queries, keys, values, the output projection and the feed-forward
    /// products, the second the scores and the weighted values of attention. With `f = 4c` that is
    /// the `24·t·c² + 4·t²·c` a layer of Narayanan et al. 2021 (arXiv:2104.04473, appendix).
    /// Softmax, norms and activations are not counted, and neither is what an encoder needn't
    /// compute because no tap reads it.
    pub fn flops(&self, t: usize, depth: usize) -> f64 {
        let [c, f, t, layers] =
            [self.hidden_size, self.intermediate_size, t, depth].map(|size| size as f64);
        2.0 * layers * t * (4.0 * c * c + 2.0 * c * f) + 4.0 * layers * t * t * c
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn operations_are_those_counted_by_hand() {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/sentence/config.json");
        let tiny = BertConfig::read(&file).unwrap();
        let mini = BertConfig { hidden_size: 384, intermediate_size: 1536, layers: 6, ..tiny };
        // 6 layers · 2 · (4·384² + 2·384·1536) = 21,233,664 a token, and 4·6·384 = 9,216 for each
        // pair of tokens.
        assert_eq!(mini.flops(1, 6), 21_242_880.0);
        assert_eq!(mini.flops(128, 6), 128.0 * 21_233_664.0 + 128.0 * 128.0 * 9_216.0);
        assert_eq!(mini.flops(128, 3), mini.flops(128, 6) / 2.0);
        assert_eq!(mini.flops(128, 0), 0.0);
    }
}
