//! Rows of numbers within a larger buffer, for reading.

use std::marker::PhantomData;

/// `rows` rows of `columns` numbers, `stride` apart. The numbers between the rows are not part of
/// the view: another thread may write them at the same time.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    first: *const f32,
    rows: usize,
    columns: usize,
    stride: usize,
    numbers: PhantomData<&'a [f32]>,
}

// SAFETY: a view gives shared access to numbers that nobody writes while it lives, as `&[f32]`
// does.
unsafe impl Send for View<'_> {}
// SAFETY: as above.
unsafe impl Sync for View<'_> {}

impl<'a> View<'a> {
    /// The first `columns` numbers of each of `rows` rows, which lie `stride` apart in `numbers`.
    ///
    /// # Panics
    /// `numbers` is too short for that, or rows overlap (`columns` is above `stride`).
    #[inline]
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        check(numbers.len(), rows, columns, stride);
        Self { first: numbers.as_ptr(), rows, columns, stride, numbers: PhantomData }
    }

    /// A view of the rows at `first`.
    ///
    /// # Safety
    /// For as long as `'a`, each of the rows is valid for `columns` numbers that nobody writes.
    #[inline]
    pub(crate) unsafe fn from_raw(
        first: *const f32,
        rows: usize,
        columns: usize,
        stride: usize,
    ) -> Self {
        Self { first, rows, columns, stride, numbers: PhantomData }
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
    pub(crate) fn as_ptr(&self) -> *const f32 {
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

    /// `count` rows from row `first` on.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn rows_from(&self, first: usize, count: usize) -> Self {
        let all = self.rows;
        assert!(is_within(first, count, all), "{count} rows from {first} of {all}");
        Self { first: self.first.wrapping_add(first * self.stride), rows: count, ..*self }
    }

    /// `count` columns from column `first` on.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn columns_from(&self, first: usize, count: usize) -> Self {
        let all = self.columns;
        assert!(is_within(first, count, all), "{count} columns from {first} of {all}");
        Self { first: self.first.wrapping_add(first), columns: count, ..*self }
    }
}

/// Whether `first..first + count` is within `0..all`; false if the sum overflows.
#[inline]
fn is_within(first: usize, count: usize, all: usize) -> bool {
    first <= all && count <= all - first
}

/// Checks that `rows` rows of `columns` numbers, `stride` apart, fit into `numbers` numbers and do
/// not overlap. Sizes that overflow do not fit.
///
/// # Panics
/// They do not fit, or overlap.
#[inline]
pub(crate) fn check(numbers: usize, rows: usize, columns: usize, stride: usize) {
    assert!(columns <= stride, "rows of {columns} columns, {stride} apart");
    let needed =
        if rows == 0 { 0 } else { (rows - 1).saturating_mul(stride).saturating_add(columns) };
    assert!(needed <= numbers, "{rows} rows of {columns}, {stride} apart, in {numbers} numbers");
}
