//! Rows of numbers within a larger buffer, shared or not; a part of them can be handed to another
//! thread.

use std::marker::PhantomData;

/// `rows` rows of `columns` numbers, `stride` apart. What lies between rows is none of its business: it
/// may be written by somebody else meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    first: *const f32,
    rows: usize,
    columns: usize,
    stride: usize,
    of: PhantomData<&'a [f32]>,
}

// SAFETY: it gives shared access to numbers that nobody writes while it lives, as `&[f32]` does.
unsafe impl Send for View<'_> {}
// SAFETY: as above.
unsafe impl Sync for View<'_> {}

impl<'a> View<'a> {
    /// The first `columns` of each of `rows` rows that lie `stride` apart in `numbers`.
    ///
    /// # Panics
    /// `numbers` is too short for that, or rows overlap.
    #[inline]
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(numbers.len(), rows, columns, stride);
        Self { first: numbers.as_ptr(), rows, columns, stride, of: PhantomData }
    }

    /// How many rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// From one row's start to the next.
    #[inline]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *const f32 {
        self.first
    }

    /// One row.
    ///
    /// # Panics
    /// There is no such row.
    #[inline]
    pub fn row(&self, row: usize) -> &'a [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        // SAFETY: the row is one of the view's, whose numbers nobody writes for as long as `'a`.
        unsafe { std::slice::from_raw_parts(self.first.add(row * self.stride), self.columns) }
    }

    /// `count` rows from `first` on.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn rows_from(&self, first: usize, count: usize) -> Self {
        assert!(first + count <= self.rows, "{count} rows from {first} of {}", self.rows);
        Self { first: self.first.wrapping_add(first * self.stride), rows: count, ..*self }
    }

    /// `count` columns from `first` on.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn columns_from(&self, first: usize, count: usize) -> Self {
        assert!(first + count <= self.columns, "{count} columns from {first} of {}", self.columns);
        Self { first: self.first.wrapping_add(first), columns: count, ..*self }
    }
}

/// The same, to be written. Two views of one buffer never share a number.
#[derive(Debug)]
pub struct ViewMut<'a> {
    first: *mut f32,
    rows: usize,
    columns: usize,
    stride: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: a view is the only way to its numbers for as long as it lives, as `&mut [f32]` is.
unsafe impl Send for ViewMut<'_> {}

impl<'a> ViewMut<'a> {
    /// The first `columns` of each of `rows` rows that lie `stride` apart in `numbers`.
    ///
    /// # Panics
    /// `numbers` is too short for that, or rows overlap.
    #[inline]
    pub fn new(numbers: &'a mut [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(numbers.len(), rows, columns, stride);
        Self { first: numbers.as_mut_ptr(), rows, columns, stride, of: PhantomData }
    }

    /// How many rows.
    #[inline]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    #[inline]
    pub fn columns(&self) -> usize {
        self.columns
    }

    #[inline]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    #[inline]
    pub(super) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.first
    }

    /// One row.
    ///
    /// # Panics
    /// There is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        // SAFETY: the row's numbers are this view's alone, which is borrowed for as long.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(row * self.stride), self.columns) }
    }

    /// The same view for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> ViewMut<'_> {
        ViewMut { of: PhantomData, ..*self }
    }

    /// To be read for a while.
    #[inline]
    pub fn as_view(&self) -> View<'_> {
        let Self { first, rows, columns, stride, .. } = *self;
        View { first, rows, columns, stride, of: PhantomData }
    }

    /// The first `rows` rows, and the others.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn split_rows(self, rows: usize) -> (Self, Self) {
        assert!(rows <= self.rows, "{rows} rows of {}", self.rows);
        let Self { first, stride, columns, of, .. } = self;
        let next = first.wrapping_add(rows * stride);
        let rest = self.rows - rows;
        (
            Self { first, rows, columns, stride, of },
            Self { first: next, rows: rest, columns, stride, of },
        )
    }

    /// The first `columns` columns, and the others.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn split_columns(self, columns: usize) -> (Self, Self) {
        assert!(columns <= self.columns, "{columns} columns of {}", self.columns);
        let Self { first, stride, rows, of, .. } = self;
        let next = first.wrapping_add(columns);
        let rest = self.columns - columns;
        (
            Self { first, rows, columns, stride, of },
            Self { first: next, rows, columns: rest, stride, of },
        )
    }
}

#[inline]
fn check(numbers: usize, rows: usize, columns: usize, stride: usize) {
    assert!(columns <= stride, "rows of {columns} columns, {stride} apart");
    let needed = if rows == 0 { 0 } else { (rows - 1) * stride + columns };
    assert!(needed <= numbers, "{rows} rows of {columns}, {stride} apart, in {numbers} numbers");
}
