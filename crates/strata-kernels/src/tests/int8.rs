//! The sums of int8 GEMMs, which are exact.

use super::support::{SIZES, all_kernels, name, numbers};
use crate::arguments::{LeftWords, Prefetch};
use crate::dtype::Dtype;

#[test]
fn int8_sums_are_exactly_the_same_in_every_instruction_set() {
    for steps in SIZES {
        for height in 1..=12 {
            let words = |count, seed| {
                numbers(count, seed).iter().map(|x| x.to_bits().rotate_left(9)).collect::<Vec<_>>()
            };
            let (a, right) = (words(height * steps, 4), words(steps * 32, 5));
            let mut all = Vec::new();
            for kernels in all_kernels() {
                let kernel = kernels.gemm_kernel(Dtype::Int8);
                let columns = kernel.panel_columns;
                // The same columns in panels of this width.
                let mut sums = vec![0; height * 32];
                for panel in 0..32 / columns {
                    let b: Vec<u32> = (0..steps * columns)
                        .map(|at| right[at / columns * 32 + panel * columns + at % columns])
                        .collect();
                    for start in (0..height).step_by(kernel.tile_rows) {
                        let rows = kernel.tile_rows.min(height - start);
                        let left = LeftWords {
                            first: a[start * steps..].as_ptr(),
                            row_stride: steps,
                            step_stride: 1,
                        };
                        let prefetch = Prefetch { first: b.as_ptr(), step_stride: 0 };
                        let mut out = vec![0; rows * columns];
                        // SAFETY: buffers of the sizes that a tile of `rows` rows has.
                        unsafe {
                            (kernel.micro_kernel)(
                                rows,
                                left,
                                steps,
                                b.as_ptr(),
                                prefetch,
                                out.as_mut_ptr(),
                            )
                        }
                        for (i, sum) in out.into_iter().enumerate() {
                            sums[(start + i / columns) * 32 + panel * columns + i % columns] = sum;
                        }
                    }
                }
                all.push(sums);
            }
            assert!(all.iter().all(|sums| *sums == all[0]), "{height} rows, {steps} words");
        }
    }
}

#[test]
fn the_largest_bytes_do_not_saturate() {
    let (a, b) = (vec![u32::MAX; 6 * 9], vec![0x7f7f_7f7f_u32; 9 * 32]);
    for kernels in all_kernels() {
        let kernel = kernels.gemm_kernel(Dtype::Int8);
        let mut out = vec![0; kernel.panel_columns];
        let left = LeftWords { first: a.as_ptr(), row_stride: 9, step_stride: 1 };
        let prefetch = Prefetch { first: b.as_ptr(), step_stride: 0 };
        // SAFETY: buffers of the sizes that a tile of one row has, or larger.
        unsafe { (kernel.micro_kernel)(1, left, 9, b.as_ptr(), prefetch, out.as_mut_ptr()) }
        assert!(out.iter().all(|&sum| sum == 9 * 4 * 255 * 127), "{}", name(kernels));
    }
}
