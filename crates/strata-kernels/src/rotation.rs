//! Rotary position embedding: the checks in front of the kernels.

use crate::arguments::RotationArguments;
use crate::kernels::Kernels;
use crate::view_mut::ViewMut;

/// Cosines and sines of the angles of each position: `(positions, columns/2)` each.
pub struct RotationTable {
    columns: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RotationTable {
    /// The table for attention heads of `columns` columns.
    ///
    /// # Panics
    /// `columns` is odd or 0, or the tables don't have as many numbers for each position.
    pub fn new(columns: usize, [cos, sin]: [Vec<f32>; 2]) -> Self {
        assert!(columns > 0 && columns.is_multiple_of(2), "{columns} columns");
        assert!(cos.len() == sin.len() && cos.len().is_multiple_of(columns / 2), "angles");
        Self { columns, cos, sin }
    }

    fn positions(&self) -> usize {
        self.cos.len() / (self.columns / 2)
    }
}

impl Kernels {
    /// Rotates the columns `i` and `i + d/2` of each attention head of each row, in place, by the angle
    /// `i` of the row's position: rows `(m, h·d)`.
    ///
    /// # Panics
    /// The table has no such position, rows don't have whole attention heads, or there isn't a
    /// position for each row.
    pub fn rotate(&self, mut rows: ViewMut<'_>, table: &RotationTable, positions: &[u32]) {
        let RotationTable { columns, cos, sin } = table;
        assert!(rows.columns().is_multiple_of(*columns), "{} columns", rows.columns());
        assert_eq!(positions.len(), rows.rows(), "positions");
        let all = table.positions();
        assert!(positions.iter().all(|position| (*position as usize) < all), "{all} positions");
        let arguments = RotationArguments {
            rows: rows.rows(),
            stride: rows.stride(),
            heads: rows.columns() / columns,
            columns: *columns,
            positions: positions.as_ptr(),
            cos: cos.as_ptr(),
            sin: sin.as_ptr(),
            first: rows.as_mut_ptr(),
        };
        // SAFETY: the view is valid for its rows, the table has numbers for each of their positions,
        // and this CPU has the features of the table.
        unsafe { (self.table().rotate)(&arguments) }
    }
}
