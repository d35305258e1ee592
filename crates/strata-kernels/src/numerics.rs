//! The name of what decides the bits of a result.

use crate::dtype::Dtype;
use crate::instruction_set::InstructionSet;

/// The revision of the kernels. It changes when a kernel's bits do: with the order of its
/// operations, or with the operations themselves. `tests/golden.rs` has the bits of a revision. It
/// also changes when the bits of a whole pass do, because the encoder calls the kernels otherwise.
pub const REVISION: u32 = 1;

/// What decides the bits of GEMM, attention and layer norm, besides the inputs.
///
/// The form is `DTYPE-PRODUCTS-SET-REVISION`, such as `f32-split-amx-1`. If attention's products are
/// computed in another way than those of a GEMM, both ways are in it: `int8-vnni-dot-avx512-1`.
pub fn name(
    dtype: Dtype,
    gemm_products: &str,
    attention_products: &str,
    set: InstructionSet,
) -> String {
    let (dtype, set) = (dtype.name(), set.name());
    if gemm_products == attention_products {
        format!("{dtype}-{gemm_products}-{set}-{REVISION}")
    } else {
        format!("{dtype}-{gemm_products}-{attention_products}-{set}-{REVISION}")
    }
}
