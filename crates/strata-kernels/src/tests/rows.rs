use super::super::scalar;
use super::guarded::Guarded;
use super::*;

/// Layer norm's largest difference to plain loops in float64. Largest seen: 2.4e-7.
const NORM_APART: f32 = 1e-6;

#[test]
fn layer_norm_of_any_width_is_that_of_float64() {
    for c in SIZES.into_iter().filter(|&c| c > 0) {
        let (gain, bias) = (Guarded::new(&numbers(c, 1)), Guarded::new(&numbers(c, 2)));
        let rows: Vec<f32> = numbers(3 * c, 3).iter().map(|x| 4.0 * x + 1.0).collect();
        let norm = |kernels: Kernels| {
            let mut rows = Guarded::new(&rows);
            let view = ViewMut::new(rows.as_mut(), 3, c, c);
            kernels.layer_norm(view, gain.as_ref(), bias.as_ref(), 1e-12);
            rows
        };
        let expected = norm(plain());
        for kernels in sets() {
            let what = format!("{} {c}", kernels.set().name());
            assert_close(norm(kernels).as_ref(), expected.as_ref(), NORM_APART, &what);
        }
    }
}

#[test]
fn layer_norm_leaves_what_lies_between_rows() {
    for kernels in sets() {
        let mut rows = numbers(2 * 40, 1);
        let before = rows.clone();
        let view = ViewMut::new(&mut rows, 2, 33, 40);
        kernels.layer_norm(view, &[1.0; 33], &[0.0; 33], 1e-12);
        assert_eq!(rows[33..40], before[33..40]);
        assert_ne!(rows[..33], before[..33]);
    }
}

#[test]
fn rounding_to_bf16_is_to_the_nearest_and_ties_to_even() {
    for (x, expected) in [
        (1.0, 0x3f80),
        (f32::from_bits(0x3f80_8000), 0x3f80),
        (f32::from_bits(0x3f81_8000), 0x3f82),
        (f32::from_bits(0x3f80_8001), 0x3f81),
        (-0.0, 0x8000),
        (f32::INFINITY, 0x7f80),
        (f32::NAN, 0x7fc0),
    ] {
        assert_eq!(scalar::bf16(x), expected, "{x}");
        for kernels in sets() {
            let (from, mut to) = ([x; 17], [0; 17]);
            // SAFETY: both hold 17.
            unsafe { (kernels.table.to_bf16)(from.as_ptr(), 17, to.as_mut_ptr()) }
            assert_eq!(to, [expected; 17], "{} {x}", kernels.set().name());
        }
    }
}

#[test]
fn bytes_stand_for_what_they_were_rounded_from() {
    for kernels in sets() {
        for n in SIZES.into_iter().filter(|&n| n > 0) {
            let (from, mut to) = (Guarded::new(&numbers(n, 7)), vec![0_u8; n]);
            // SAFETY: both hold `n`.
            let (scale, least) =
                unsafe { (kernels.table.quantize)(from.as_ref().as_ptr(), n, to.as_mut_ptr()) };
            let back: Vec<f32> = to.iter().map(|&q| least + scale * f32::from(q)).collect();
            let what = format!("{} {n}", kernels.set().name());
            assert_close(&back, from.as_ref(), 0.501 * scale + 1e-6, &what);
        }
    }
}

#[test]
fn a_constant_row_of_bytes_is_exact_and_a_faulty_one_stays_faulty() {
    for kernels in sets() {
        let quantize = |from: &[f32]| {
            let mut to = vec![0_u8; from.len()];
            // SAFETY: both hold as many.
            unsafe { (kernels.table.quantize)(from.as_ptr(), from.len(), to.as_mut_ptr()) }
        };
        assert_eq!(quantize(&[0.7; 33]), (0.0, 0.7));
        for fault in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 20, 32] {
                let mut row = [0.7; 33];
                row[at] = fault;
                assert!(!quantize(&row).0.is_finite(), "{} {fault} {at}", kernels.set().name());
            }
        }
    }
}
