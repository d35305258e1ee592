//! Rotary position embedding against float64.

use super::guarded::Guarded;
use super::support::{all_kernels, assert_close, name, numbers};
use crate::rotation::RotationTable;
use crate::view_mut::ViewMut;

/// The largest difference to float64 that is allowed, for numbers up to 1. Largest seen: 1.2e-7.
const TOLERANCE: f32 = 5e-7;

#[test]
fn pairs_of_columns_are_rotated_by_the_angle_of_their_position() {
    let positions = [0, 3, 11, 4, 11];
    for (d, heads) in [(2, 3), (6, 2), (16, 1), (32, 3), (64, 2), (70, 2)] {
        let (half, stride) = (d / 2, d * heads + 3);
        let angle = |position: usize, i: usize| 0.3 * position as f64 / (i + 1) as f64;
        let table = |f: fn(f64) -> f64| -> Vec<f32> {
            let angles = (0..12).flat_map(|position| (0..half).map(move |i| angle(position, i)));
            angles.map(|angle| f(angle) as f32).collect()
        };
        let rotation = RotationTable::new(d, [table(f64::cos), table(f64::sin)]);
        let before = numbers(positions.len() * stride, 1);
        let mut expected = before.clone();
        for (row, &position) in positions.iter().enumerate() {
            for column in (0..heads * d).filter(|column| column % d < half) {
                let at = row * stride + column;
                let (sin, cos) = angle(position as usize, column % d).sin_cos();
                let (x, y) = (f64::from(before[at]), f64::from(before[at + half]));
                expected[at] = (x * cos - y * sin) as f32;
                expected[at + half] = (y * cos + x * sin) as f32;
            }
        }
        for kernels in all_kernels() {
            let mut rows = Guarded::new(&before);
            let view = ViewMut::new(rows.as_mut(), positions.len(), heads * d, stride);
            kernels.rotate(view, &rotation, &positions);
            let case = format!("{} d {d} heads {heads}", name(kernels));
            assert_close(rows.as_ref(), &expected, TOLERANCE, &case);
        }
    }
}

#[test]
#[should_panic(expected = "3 positions")]
fn a_position_beyond_the_table_is_refused() {
    let rotation = RotationTable::new(4, [vec![1.0; 6], vec![0.0; 6]]);
    let mut rows = [0.0; 4];
    super::support::scalar().rotate(ViewMut::new(&mut rows, 1, 4, 4), &rotation, &[3]);
}
