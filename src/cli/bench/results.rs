//! The results of measurements: counts of passes, and rates and latencies computed from them.

use serde::Serialize;

/// Totals over passes.
#[derive(Default)]
pub struct PassTotals {
    pub passes: usize,
    pub texts: usize,
    pub tokens: usize,
    /// Operations of the matrix products.
    pub flops: f64,
    pub seconds: f64,
}

/// One measurement.
#[derive(Debug, Serialize)]
pub struct Measurement {
    /// The name of a file, or sequences × tokens per sequence.
    pub work: String,
    pub seconds: f64,
    pub passes: usize,
    pub texts: usize,
    pub tokens: usize,
    pub texts_per_second: f64,
    pub tokens_per_second: f64,
    /// Of the matrix products: an addition and a multiplication count as two operations.
    pub gflops: f64,
    /// `gflops` over the measured peak.
    pub share_of_peak: f64,
    pub alone: SingleSequence,
}

/// Latency of one sequence in a pass of its own.
#[derive(Debug, Serialize)]
pub struct SingleSequence {
    pub tokens: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub passes: usize,
}

impl Measurement {
    /// Rates from totals.
    pub fn new(work: String, totals: &PassTotals, alone: SingleSequence) -> Self {
        let &PassTotals { passes, texts, tokens, flops, seconds } = totals;
        Self {
            work,
            seconds,
            passes,
            texts,
            tokens,
            texts_per_second: texts as f64 / seconds,
            tokens_per_second: tokens as f64 / seconds,
            gflops: flops / seconds / 1e9,
            share_of_peak: 0.0,
            alone,
        }
    }

    /// Sets the share of `peak`, in operations per second.
    pub fn with_peak(self, peak: f64) -> Self {
        Self { share_of_peak: self.gflops * 1e9 / peak, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_rates_and_a_share_of_the_peak() {
        let totals = PassTotals { passes: 10, texts: 40, tokens: 800, flops: 6e9, seconds: 2.0 };
        let alone = SingleSequence { tokens: 20, p50_ms: 1.25, p99_ms: 2.0, passes: 9 };
        let measured = Measurement::new("a.tsv".to_owned(), &totals, alone).with_peak(1.2e10);
        assert_eq!((measured.texts_per_second, measured.tokens_per_second), (20.0, 400.0));
        assert_eq!((measured.gflops, measured.share_of_peak), (3.0, 0.25));
    }
}
