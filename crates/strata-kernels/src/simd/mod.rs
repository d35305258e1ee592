//! The vector instruction sets: each algorithm once, over what a register can do.
//!
//! `lanes` is a register of numbers and `tile` a step of a product, as traits; `avx2` and `avx512`
//! bring the types. Everything generic is inlined into a function that has the instructions.

/// The functions of a table, for the module's own `Vector` and `F32Dot`: where the instruction set
/// begins. Each is as safe to call as what it calls, on a CPU with the features named.
macro_rules! table_functions {
    ($features:literal, $($product_features:literal => $product:ident, $tile:ident: $dot:ty;)*) => {
        $(
            #[target_feature(enable = $product_features)]
            unsafe fn $product(panel: &Panel) {
                // SAFETY: the features are this function's own; the rest the caller vouches for.
                unsafe { gemm::product::<$dot>(panel, $tile) }
            }

            #[target_feature(enable = $product_features)]
            unsafe fn $tile(
                height: usize,
                a: Left,
                steps: usize,
                b: *const u32,
                ahead: Ahead,
                out: *mut u32,
            ) {
                // SAFETY: as above.
                unsafe { gemm::tile_of::<$dot>(height, a, steps, b, ahead, out) }
            }
        )*

        #[target_feature(enable = $features)]
        unsafe fn layer_norm(of: &NormRows) {
            // SAFETY: as above.
            unsafe { layer_norm::layer_norm::<Vector>(of) }
        }

        #[target_feature(enable = $features)]
        unsafe fn attend(of: &Attention) {
            // SAFETY: as above.
            unsafe { attention::attention::<AsTheyAre<F32Dot>>(of) }
        }

        #[target_feature(enable = $features)]
        unsafe fn quantize(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
            // SAFETY: as above.
            unsafe { layer_norm::quantize::<Vector>(from, n, to) }
        }
    };
}
pub(crate) use table_functions;

pub(crate) mod attention;
pub(crate) mod functions;
pub(crate) mod gemm;
pub(crate) mod lanes;
pub(crate) mod layer_norm;
pub(crate) mod micro_kernel;
