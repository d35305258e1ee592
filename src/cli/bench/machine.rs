//! The machine's processor and peak rate, and the memory of this process.

use std::fs;

use strata_kernels::{Dtype, F32Products, Kernels};

use crate::model::encoder::{EncoderKind, EncoderOptions, NoInstructions};

use super::report::Memory;

/// Operations per second that the encoder's matrix products could reach, measured now.
///
/// # Errors
/// This machine doesn't have the encoder's instructions.
pub fn peak(options: &EncoderOptions) -> Result<f64, NoInstructions> {
    let (kernels, dtype) = match options.kind() {
        EncoderKind::Packed => (options.kernels()?, options.dtype),
        EncoderKind::Reference => {
            let best = Kernels::best();
            // candle has no products on tiles.
            (best.with_f32_products(F32Products::Fma).unwrap_or(best), Dtype::F32)
        }
    };
    Ok(strata_kernels::peak(kernels, dtype, options.threads.get()))
}

/// The name of the processor, or its architecture if the name is unknown.
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    field(&info, "model name").unwrap_or(std::env::consts::ARCH).to_owned()
}

/// Resident memory; 0 if the system does not report it.
pub fn memory() -> Memory {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Memory { resident_mb: megabytes(&status, "VmRSS"), highest_mb: megabytes(&status, "VmHWM") }
}

/// `VmRSS:    1234 kB` → 1.264, since the kernel's kB is 1,024 bytes.
fn megabytes(status: &str, name: &str) -> f64 {
    let kilobytes = field(status, name).and_then(|value| value.strip_suffix(" kB"));
    kilobytes.and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) * 1_024.0 / 1e6
}

/// The value of the first line `name : value`.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_millions_of_bytes() {
        let status = "Name:\tstrata\nVmHWM:\t  100000 kB\nVmRSS:\t   50000 kB\n";
        assert_eq!(megabytes(status, "VmHWM"), 102.4);
        assert_eq!(megabytes(status, "VmRSS"), 51.2);
        assert_eq!(megabytes(status, "VmSwap"), 0.0);
    }

    #[test]
    fn the_name_of_the_processor_is_read() {
        let info = "processor\t: 0\nmodel name\t: A: fast one\nmodel name\t: another\n";
        assert_eq!(field(info, "model name"), Some("A: fast one"));
        assert!(!processor().is_empty());
    }
}
