//! Layer norm and rounding.

use super::guarded::Guarded;
use super::support::{SIZES, all_kernels, assert_close, name, numbers, scalar};
use crate::arguments::LINE_BYTES;
use crate::bf16::bf16;
use crate::kernels::Kernels;
use crate::table::RowScale;
use crate::view_mut::ViewMut;

/// The largest difference to plain loops in float64 that is allowed. Largest seen: 2.4e-7.
const NORM_TOLERANCE: f32 = 1e-6;

#[test]
fn layer_norm_of_any_width_agrees_with_float64() {
    for c in SIZES.into_iter().filter(|&c| c > 0) {
        let (gain, bias) = (Guarded::new(&numbers(c, 1)), Guarded::new(&numbers(c, 2)));
        let rows: Vec<f32> = numbers(3 * c, 3).iter().map(|x| 4.0 * x + 1.0).collect();
        let norm = |kernels: Kernels| {
            let mut rows = Guarded::new(&rows);
            let view = ViewMut::new(rows.as_mut(), 3, c, c);
            kernels.layer_norm(view, gain.as_ref(), bias.as_ref(), 1e-12);
            rows
        };
        let expected = norm(scalar());
        for kernels in all_kernels() {
            let case = format!("{} {c}", name(kernels));
            assert_close(norm(kernels).as_ref(), expected.as_ref(), NORM_TOLERANCE, &case);
        }
    }
}

#[test]
fn layer_norm_does_not_touch_what_is_between_rows() {
    for kernels in all_kernels() {
        let mut rows = numbers(2 * 40, 1);
        let before = rows.clone();
        let view = ViewMut::new(&mut rows, 2, 33, 40);
        kernels.layer_norm(view, &[1.0; 33], &[0.0; 33], 1e-12);
        assert_eq!(rows[33..40], before[33..40]);
        assert_ne!(rows[..33], before[..33]);
    }
}

#[test]
fn bf16_is_the_nearest_with_ties_to_even() {
    for (x, expected) in [
        (1.0, 0x3f80),
        (f32::from_bits(0x3f80_8000), 0x3f80),
        (f32::from_bits(0x3f81_8000), 0x3f82),
        (f32::from_bits(0x3f80_8001), 0x3f81),
        (-0.0, 0x8000),
        (f32::INFINITY, 0x7f80),
        (f32::NAN, 0x7fc0),
    ] {
        assert_eq!(bf16(x), expected, "{x}");
        for kernels in all_kernels() {
            let (from, mut to) = ([x; 17], [0; 17]);
            // SAFETY: both hold 17.
            unsafe { (kernels.table().to_bf16)(from.as_ptr(), 17, to.as_mut_ptr(), LINE_BYTES) }
            assert_eq!(to, [expected; 17], "{} {x}", name(kernels));
        }
    }
}

#[test]
fn bytes_stand_for_the_numbers_that_they_were_rounded_from() {
    for kernels in all_kernels() {
        for n in SIZES.into_iter().filter(|&n| n > 0) {
            let (from, mut to) = (Guarded::new(&numbers(n, 7)), vec![0_u8; n]);
            // SAFETY: both hold `n`.
            let RowScale { scale, min } = unsafe {
                (kernels.table().quantize)(from.as_ref().as_ptr(), n, to.as_mut_ptr(), LINE_BYTES)
            };
            let back: Vec<f32> = to.iter().map(|&q| min + scale * f32::from(q)).collect();
            let case = format!("{} {n}", name(kernels));
            assert_close(&back, from.as_ref(), 0.501 * scale + 1e-6, &case);
        }
    }
}

#[test]
fn a_constant_row_is_exact_and_a_non_finite_one_stays_non_finite() {
    for kernels in all_kernels() {
        let quantize = |from: &[f32]| {
            let mut to = vec![0_u8; from.len()];
            // SAFETY: both hold as many.
            unsafe {
                (kernels.table().quantize)(from.as_ptr(), from.len(), to.as_mut_ptr(), LINE_BYTES)
            }
        };
        assert_eq!(quantize(&[0.7; 33]), RowScale { scale: 0.0, min: 0.7 });
        for non_finite in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 20, 32] {
                let mut row = [0.7; 33];
                row[at] = non_finite;
                assert!(!quantize(&row).scale.is_finite(), "{} {non_finite} {at}", name(kernels));
            }
        }
    }
}
