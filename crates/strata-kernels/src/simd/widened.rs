//! GEMM in bf16 for processors whose FMA is faster than their instructions for bf16: the weights of
//! a panel are widened to f32, which is exact, and multiplied as in f32. The rows stay in f32:
//! rounding them would gain nothing.

use super::dot::Dot;
use super::gemm::gemm;
use super::lanes::Widen;
use crate::arguments::GemmArguments;
use crate::table::MicroKernelFn;

/// The GEMM of all rows of the block.
///
/// # Safety
/// The CPU has the features of `D`, the guarantees of [`GemmArguments`] hold, the rows are f32, the
/// words of `b` have two bf16, and `scratch` is valid for two words for each of them.
/// `micro_kernel` is that of `D`.
#[inline(always)]
pub unsafe fn gemm_widened<D: Dot<Register: Widen>>(
    arguments: &GemmArguments,
    micro_kernel: MicroKernelFn,
) {
    let GemmArguments { k, steps, b, scratch, .. } = *arguments;
    // SAFETY: the caller guarantees the words of the panel and twice as many in `scratch`, of which
    // the rows have numbers for the first `k` steps.
    unsafe {
        widen::<D::Register>(b, steps, scratch);
        gemm::<D>(&GemmArguments { b: scratch, steps: k, ..*arguments }, micro_kernel);
    }
}

/// Widens the words of a panel, `[step][column]` with two numbers of `k` each, to `[k][column]`.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for the words of `steps` steps, `to` for twice as
/// many.
#[inline(always)]
unsafe fn widen<V: Widen>(from: *const u32, steps: usize, to: *mut u32) {
    let columns = 2 * V::N;
    for step in 0..steps {
        for column in (0..columns).step_by(V::N) {
            // SAFETY: the step has these words, and so have the two of its numbers.
            unsafe {
                let words = V::load(from.add(step * columns + column).cast());
                let to = to.add(2 * step * columns + column);
                words.low_half().store(to.cast());
                words.high_half().store(to.add(columns).cast());
            }
        }
    }
}
