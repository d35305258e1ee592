//! The number of floating point operations of a pass over a sequence.

use super::BertConfig;

impl BertConfig {
    /// The operations of the matmuls of `depth` encoder layers for one sequence of `t`
    /// tokens; a multiplication with its addition counts as two. With `L = depth`, `c` hidden and
    /// `f` intermediate columns:
    ///
    /// `2·L·t·(4c² + 2cf) + 4·L·t²·c`
    ///
    /// The first term is the QKV projection, the output projection and the feed-forward layers; the
    /// second is the scores and the weighted values of attention. With `f = 4c` this is `24·t·c² +
    /// 4·t²·c` per layer, as in Narayanan et al. 2021 (arXiv:2104.04473, appendix). Softmax, norms
    /// and activations are not counted. An encoder may compute less: it can leave out rows that
    /// no tap reads.
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
    fn operations_agree_with_a_count_by_hand() {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/sentence/config.json");
        let tiny = BertConfig::read(&file).unwrap();
        let mini = BertConfig { hidden_size: 384, intermediate_size: 1536, layers: 6, ..tiny };
        // 6 layers · 2 · (4·384² + 2·384·1536) = 21,233,664 per token, and 4·6·384 = 9,216 per pair
        // of tokens.
        assert_eq!(mini.flops(1, 6), 21_242_880.0);
        assert_eq!(mini.flops(128, 6), 128.0 * 21_233_664.0 + 128.0 * 128.0 * 9_216.0);
        assert_eq!(mini.flops(128, 3), mini.flops(128, 6) / 2.0);
        assert_eq!(mini.flops(128, 0), 0.0);
    }
}
