//! The report of all measurements: a table, or its fields as JSON.

use std::fmt;

use serde::Serialize;

use super::results::Measurement;
use crate::charts::text_table;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Report {
    pub version: &'static str,
    /// Folder of the checkpoint.
    pub model: String,
    pub recipe: String,
    pub encoder: Encoder,
    /// Name of the processor.
    pub processor: String,
    /// What the micro-kernel reaches on operands in the L1 cache, or a matrix unit in its registers: the
    /// maximum of a measurement before and one after the others.
    pub peak_gflops: f64,
    pub memory: Memory,
    pub results: Vec<Measurement>,
}

/// The encoder and how it computes.
#[derive(Debug, Serialize)]
pub struct Encoder {
    pub name: &'static str,
    pub dtype: &'static str,
    pub instruction_set: &'static str,
    /// How products in f32 are computed, if that can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f32_products: Option<&'static str>,
    /// The name of what decides the bits.
    pub numerics: String,
    pub threads: usize,
}

impl Encoder {
    /// Describes `encoder`.
    pub fn new(encoder: &dyn crate::model::encoder::Encoder, threads: usize) -> Self {
        Self {
            name: encoder.name(),
            dtype: encoder.dtype(),
            instruction_set: encoder.instruction_set(),
            f32_products: encoder.f32_products(),
            numerics: encoder.numerics().to_owned(),
            threads,
        }
    }
}

/// Memory of this process, in millions of bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub resident_mb: f64,
    pub highest_mb: f64,
}

/// The cells of a measurement's row.
fn cells(result: &Measurement) -> [String; COLUMNS.len()] {
    let mean = |total: usize, count: usize| format!("{:.1}", total as f64 / count as f64);
    [
        result.work.clone(),
        mean(result.texts, result.passes),
        mean(result.tokens, result.texts),
        format!("{:.1}", result.texts_per_second),
        format!("{:.0}", result.tokens_per_second),
        format!("{:.1}", result.gflops),
        format!("{:.1} %", 100.0 * result.share_of_peak),
        result.alone.tokens.to_string(),
        format!("{:.3}", result.alone.p50_ms),
        format!("{:.3}", result.alone.p99_ms),
    ]
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
        let Encoder { name, dtype, instruction_set, threads, numerics, .. } = &self.encoder;
        writeln!(f, "model      {}, recipe {}", self.model, self.recipe)?;
        writeln!(f, "encoder    {name}, {dtype}, {instruction_set}, threads: {threads}")?;
        writeln!(f, "numerics   {numerics}")?;
        writeln!(f, "processor  {}", self.processor)?;
        writeln!(
            f,
            "peak       {:.1} GFLOP/s, of operands that stay in the L1 cache, or in tiles",
            self.peak_gflops
        )?;
        let Memory { resident_mb, highest_mb } = self.memory;
        writeln!(f, "memory     {resident_mb:.1} MB resident, {highest_mb:.1} MB maximum\n")?;
        let rows: Vec<Vec<String>> =
            self.results.iter().map(|result| cells(result).to_vec()).collect();
        writeln!(f, "{}", text_table(&COLUMNS, &rows))?;
        writeln!(
            f,
            "\nalone: tokens of one sequence in a pass of its own, with the latency of that pass"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::results::{PassTotals, SingleSequence};

    #[test]
    fn a_row_has_means_per_pass_and_per_text() {
        let totals = PassTotals { passes: 10, texts: 40, tokens: 800, flops: 6e9, seconds: 2.0 };
        let alone = SingleSequence { tokens: 20, p50_ms: 1.25, p99_ms: 2.0, passes: 9 };
        let measured = Measurement::new("a.tsv".to_owned(), &totals, alone).with_peak(1.2e10);
        let expected =
            ["a.tsv", "4.0", "20.0", "20.0", "400", "3.0", "25.0 %", "20", "1.250", "2.000"];
        assert_eq!(cells(&measured), expected);
    }
}
