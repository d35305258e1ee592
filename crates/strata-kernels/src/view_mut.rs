//! Rows of numbers within a larger buffer, for writing. A view can be split, and different threads
//! can write the parts.

use std::marker::PhantomData;

use crate::view::{View, check};

/// Like [`View`], for writing. Two such views never share a number.
#[derive(Debug)]
pub struct ViewMut<'a> {
    first: *mut f32,
    rows: usize,
    columns: usize,
    stride: usize,
    numbers: PhantomData<&'a mut [f32]>,
}

// SAFETY: while it lives, a view is the only access to its numbers, as `&mut [f32]` is.
unsafe impl Send for ViewMut<'_> {}

impl<'a> ViewMut<'a> {
    /// The first `columns` numbers of each of `rows` rows, which lie `stride` apart in `numbers`.
    ///
    /// # Panics
    /// `numbers` is too short for that, or rows overlap (`columns` is above `stride`).
    #[inline]
    pub fn new(numbers: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(numbers.len(), rows, columns, stride);
        Self { first: numbers.as_mut_ptr(), rows, columns, stride, numbers: PhantomData }
    }

    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The distance between the starts of two rows.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.first
    }

    /// One row.
    ///
    /// # Panics
    /// There is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        // SAFETY: the row is one of the view's; only this view accesses it, and the view is
        // borrowed for as long.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(row * self.stride), self.columns) }
    }

    /// The same view for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> ViewMut<'_> {
        ViewMut { numbers: PhantomData, ..*self }
    }

    /// A shared view of the same numbers.
    #[inline]
    pub fn as_view(&self) -> View<'_> {
        let Self { first, rows, columns, stride, .. } = *self;
        // SAFETY: the view is valid for these rows, and is borrowed for as long, so nobody writes
        // them.
        unsafe { View::from_raw(first, rows, columns, stride) }
    }

    /// The first `rows` rows, and the remaining ones.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn split_rows(self, rows: usize) -> (Self, Self) {
        assert!(rows <= self.rows, "{rows} rows of {}", self.rows);
        let Self { first, stride, columns, numbers, .. } = self;
        let next = first.wrapping_add(rows * stride);
        let rest = self.rows - rows;
        (
            Self { first, rows, columns, stride, numbers },
            Self { first: next, rows: rest, columns, stride, numbers },
        )
    }

    /// The first `columns` columns, and the remaining ones.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn split_columns(self, columns: usize) -> (Self, Self) {
        assert!(columns <= self.columns, "{columns} columns of {}", self.columns);
        let Self { first, stride, rows, numbers, .. } = self;
        let next = first.wrapping_add(columns);
        let rest = self.columns - columns;
        (
            Self { first, rows, columns, stride, numbers },
            Self { first: next, rows, columns: rest, stride, numbers },
        )
    }
}
