//! What was measured, as a table or, by its fields, as JSON.

use std::fmt;

use serde::Serialize;

use super::measure::Done;
use crate::charts::text_table;

/// Everything that is printed.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    /// The checkpoint's folder.
    pub model: String,
    pub recipe: String,
    pub encoder: Encoder,
    /// Its name for itself.
    pub processor: String,
    /// What the products' own tile reaches on words in the first-level cache, measured before and after; the
    /// larger.
    pub peak_gflops: f64,
    pub memory: Memory,
    pub results: Vec<Measured>,
}

/// What computed.
#[derive(Debug, Serialize)]
pub struct Encoder {
    pub name: &'static str,
    pub dtype: &'static str,
    pub instruction_set: &'static str,
    pub threads: usize,
}

impl Encoder {
    /// As it says itself.
    pub fn of(encoder: &dyn crate::model::encoder::Encoder, threads: usize) -> Self {
        Self {
            name: encoder.name(),
            dtype: encoder.dtype(),
            instruction_set: encoder.instruction_set(),
            threads,
        }
    }
}

/// Of this process, in millions of bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub resident_mb: f64,
    pub highest_mb: f64,
}

/// One work.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// A file, or sequences × tokens of each.
    pub work: String,
    pub seconds: f64,
    pub passes: usize,
    pub texts: usize,
    pub tokens: usize,
    pub texts_per_second: f64,
    pub tokens_per_second: f64,
    /// Of the products, an addition and a multiplication counted as two.
    pub gflops: f64,
    /// Of [`Report::peak_gflops`].
    pub share_of_peak: f64,
    pub alone: Alone,
}

/// One sequence in a pass of its own.
#[derive(Debug, Serialize)]
pub struct Alone {
    pub tokens: usize,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub passes: usize,
}

impl Measured {
    /// Counts turned into rates.
    pub fn new(work: String, done: &Done, alone: Alone) -> Self {
        let &Done { passes, texts, tokens, flops, seconds } = done;
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

    /// The same beside a peak, in operations a second.
    pub fn under(self, peak: f64) -> Self {
        Self { share_of_peak: self.gflops * 1e9 / peak, ..self }
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let mean = |total: usize, of: usize| format!("{:.1}", total as f64 / of as f64);
        [
            self.work.clone(),
            mean(self.texts, self.passes),
            mean(self.tokens, self.texts),
            format!("{:.1}", self.texts_per_second),
            format!("{:.0}", self.tokens_per_second),
            format!("{:.1}", self.gflops),
            format!("{:.1} %", 100.0 * self.share_of_peak),
            self.alone.tokens.to_string(),
            format!("{:.3}", self.alone.p50_ms),
            format!("{:.3}", self.alone.p99_ms),
        ]
    }
}

const COLUMNS: [&str; 10] = [
    "work",
    "texts/pass",
    "tokens/text",
    "texts/s",
    "tokens/s",
    "GFLOP/s",
    "of peak",
    "alone",
    "p50 ms",
    "p99 ms",
];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Encoder { name, dtype, instruction_set, threads } = &self.encoder;
        writeln!(f, "model      {}, recipe {}", self.model, self.recipe)?;
        writeln!(f, "encoder    {name}, {dtype}, {instruction_set}, threads: {threads}")?;
        writeln!(f, "processor  {}", self.processor)?;
        writeln!(
            f,
            "peak       {:.1} GFLOP/s, the products' own tile in the first-level cache",
            self.peak_gflops
        )?;
        let Memory { resident_mb, highest_mb } = self.memory;
        writeln!(
            f,
            "memory     {resident_mb:.1} MB resident, {highest_mb:.1} MB at its highest\n"
        )?;
        let rows: Vec<Vec<String>> =
            self.results.iter().map(|result| result.cells().to_vec()).collect();
        writeln!(f, "{}", text_table(&COLUMNS, &rows))?;
        writeln!(f, "\nalone: tokens of one sequence in a pass of its own, and how long that takes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_become_rates_and_a_share_of_the_peak() {
        let done = Done { passes: 10, texts: 40, tokens: 800, flops: 6e9, seconds: 2.0 };
        let alone = Alone { tokens: 20, p50_ms: 1.25, p99_ms: 2.0, passes: 9 };
        let measured = Measured::new("a.tsv".to_owned(), &done, alone).under(1.2e10);
        assert_eq!((measured.texts_per_second, measured.tokens_per_second), (20.0, 400.0));
        assert_eq!((measured.gflops, measured.share_of_peak), (3.0, 0.25));
        let cells =
            ["a.tsv", "4.0", "20.0", "20.0", "400", "3.0", "25.0 %", "20", "1.250", "2.000"];
        assert_eq!(measured.cells(), cells);
    }
}
