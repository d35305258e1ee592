//! How fast the kernels are on one thread, for every instruction set that this CPU has: GEMM of the
//! default model's shapes with rounding and GELU, its share of the measured peak, that of the GEMM
//! alone, attention, and layer norm. The peak in f32 is that of the micro-kernel; with AVX-512 its
//! share of FMA's rate on registers is printed too.
//!
//! `make bench-kernels`, or `cargo bench -p strata-kernels --bench kernels -- WORD…` for the lines
//! that contain one of the words (`gemm`, `avx2`, `int8`).

#[cfg(target_arch = "x86_64")]
mod registers;
mod timing;
mod work;

use std::env;
use std::process::ExitCode;

use strata_kernels::{Dtype, InstructionSet, Kernels, peak};
use timing::fastest_seconds;
use work::{AttentionWork, GEMM_SHAPES, GemmWork, LayerNormWork};

const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];

/// The peak is the highest of this many measurements.
const PEAK_MEASUREMENTS: usize = 5;

/// Tokens of the sequence in the attention benchmark.
const SEQUENCE_LENGTHS: [usize; 3] = [16, 128, 512];

fn main() -> ExitCode {
    // cargo itself adds `--bench`.
    let words: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let report = Report { words };
    let result = InstructionSet::ALL.into_iter().filter_map(Kernels::new).try_for_each(|kernels| {
        for dtype in DTYPES {
            report.gemm(kernels, dtype)?;
        }
        for dtype in [Dtype::F32, Dtype::Bf16] {
            report.attention(kernels, dtype);
        }
        report.layer_norm(kernels);
        Ok::<_, std::io::Error>(())
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: weights could not be packed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints the lines that the command line selects.
struct Report {
    words: Vec<String>,
}

impl Report {
    fn gemm(&self, kernels: Kernels, dtype: Dtype) -> std::io::Result<()> {
        let prefix = format!("gemm {:6} {:4}", kernels.set().name(), dtype.name());
        if !self.selects(&prefix) {
            return Ok(());
        }
        let peaks = (0..PEAK_MEASUREMENTS).map(|_| peak(kernels, dtype, 1));
        let peak = peaks.fold(0.0, f64::max) / 1e9;
        println!("{prefix} peak            {peak:9.1} GFLOP/s   {}", kernels.instructions(dtype));
        #[cfg(target_arch = "x86_64")]
        if kernels.instructions(dtype) == "avx512"
            && let Some(rate) = registers::fma_rate()
        {
            let (rate, share) = (rate / 1e9, 100.0 * peak * 1e9 / rate);
            println!(
                "{prefix} registers       {rate:9.1} GFLOP/s   the peak is {share:.1} % of it"
            );
        }
        for shape in GEMM_SHAPES {
            let mut work = GemmWork::new(kernels, dtype, shape)?;
            let rate = shape.operations() / fastest_seconds(|| work.run()) / 1e9;
            let share = 100.0 * rate / peak;
            let alone = shape.operations() / work.fastest_product() / 1e9;
            println!(
                "{prefix} {shape:15} {rate:9.1} GFLOP/s {share:5.1} % of peak, alone {:5.1} %",
                100.0 * alone / peak
            );
        }
        Ok(())
    }

    fn attention(&self, kernels: Kernels, dtype: Dtype) {
        let prefix = format!("attention {:6} {:4}", kernels.set().name(), dtype.name());
        if !self.selects(&prefix) {
            return;
        }
        for t in SEQUENCE_LENGTHS {
            let mut work = AttentionWork::new(kernels, dtype, t);
            let seconds = fastest_seconds(|| work.run());
            let rate = work.operations() / seconds / 1e9;
            println!("{prefix} {t:4} tokens {:9.2} µs {rate:9.1} GFLOP/s", seconds * 1e6);
        }
    }

    fn layer_norm(&self, kernels: Kernels) {
        let prefix = format!("layer_norm {:6}", kernels.set().name());
        if !self.selects(&prefix) {
            return;
        }
        let mut work = LayerNormWork::new(kernels);
        let seconds = fastest_seconds(|| work.run());
        let rate = work.bytes() / seconds / 1e9;
        println!("{prefix} {:9.2} µs {rate:9.1} GB/s", seconds * 1e6);
    }

    fn selects(&self, line: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| line.contains(word.as_str()))
    }
}
