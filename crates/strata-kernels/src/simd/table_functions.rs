//! Defines the functions of a table. They are compiled with the features of an instruction set.

/// Defines the functions of a table for the register type `Vector` and the `F32Dot` of the calling
/// module. In brackets are the CPU features that each is compiled with; none if the architecture
/// always has them. Each is as safe to call as the generic function inside it, on a CPU with these
/// features.
macro_rules! table_functions {
    (
        [$($features:literal)?];
        $([$($gemm_features:literal)?] => $gemm:ident, $micro_kernel:ident: $dot:ty;)*
    ) => {
        $(
            /// # Safety
            /// As for [`GemmFn`](crate::table::GemmFn).
            $(#[target_feature(enable = $gemm_features)])?
            unsafe fn $gemm(arguments: &$crate::arguments::GemmArguments) {
                // SAFETY: this function has the features; the caller guarantees the rest.
                unsafe { $crate::simd::gemm::gemm::<$dot>(arguments, $micro_kernel) }
            }

            /// # Safety
            /// As for [`MicroKernelFn`](crate::table::MicroKernelFn).
            $(#[target_feature(enable = $gemm_features)])?
            unsafe fn $micro_kernel(
                rows: usize,
                a: $crate::arguments::LeftWords,
                steps: usize,
                b: *const u32,
                prefetch: $crate::arguments::Prefetch,
                sums: *mut u32,
            ) {
                // SAFETY: as above.
                unsafe {
                    $crate::simd::micro_kernel::micro_kernel_of_rows::<$dot>(
                        rows, a, steps, b, prefetch, sums,
                    )
                }
            }
        )*

        /// # Safety
        /// As for [`LayerNormFn`](crate::table::LayerNormFn).
        $(#[target_feature(enable = $features)])?
        unsafe fn layer_norm(arguments: &$crate::arguments::LayerNormArguments) {
            // SAFETY: as above.
            unsafe { $crate::simd::layer_norm::layer_norm::<Vector>(arguments) }
        }

        /// # Safety
        /// As for [`RotationFn`](crate::table::RotationFn).
        $(#[target_feature(enable = $features)])?
        unsafe fn rotate(arguments: &$crate::arguments::RotationArguments) {
            // SAFETY: as above.
            unsafe { $crate::simd::rotation::rotate::<Vector>(arguments) }
        }

        /// # Safety
        /// As for [`AttentionFn`](crate::table::AttentionFn).
        $(#[target_feature(enable = $features)])?
        unsafe fn attention_f32(arguments: &$crate::arguments::AttentionArguments) {
            // SAFETY: as above.
            unsafe {
                $crate::simd::attention::attention::<$crate::simd::attention::Plain<F32Dot>>(
                    arguments,
                )
            }
        }

        /// # Safety
        /// As for [`ActivateFn`](crate::table::ActivateFn).
        $(#[target_feature(enable = $features)])?
        unsafe fn activate(
            activation: $crate::activation::Activation,
            numbers: *mut f32,
            n: usize,
        ) {
            // SAFETY: as above.
            unsafe { $crate::simd::activation::activate::<Vector>(activation, numbers, n) }
        }

        /// # Safety
        /// As for [`QuantizeFn`](crate::table::QuantizeFn).
        $(#[target_feature(enable = $features)])?
        unsafe fn quantize(
            from: *const f32,
            n: usize,
            to: *mut u8,
            line_stride: usize,
        ) -> $crate::table::RowScale {
            // SAFETY: as above.
            unsafe { $crate::simd::rounding::quantize::<Vector>(from, n, to, line_stride) }
        }
    };
}
pub(crate) use table_functions;
