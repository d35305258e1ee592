//! The bounds of views.

use std::panic::catch_unwind;

use crate::view::View;

#[test]
fn a_view_beyond_its_numbers_is_rejected() {
    let numbers = [0.0; 12];
    for (rows, columns, stride) in [(3, 4, 4), (2, 4, 8), (0, 9, 9), (4, 0, 4)] {
        assert_eq!(View::new(&numbers, rows, columns, stride).rows(), rows);
    }
    for (rows, columns, stride) in [
        (4, 4, 4),
        (2, 5, 8),
        (2, 4, 3),
        // Sizes whose product overflows to a small number.
        (3, 1, usize::MAX / 2 + 1),
        (usize::MAX / 2 + 2, 2, 2),
    ] {
        let view = catch_unwind(|| View::new(&numbers, rows, columns, stride).rows());
        assert!(view.is_err(), "{rows} rows of {columns}, {stride} apart");
    }
}

#[test]
fn rows_and_columns_beyond_a_view_are_rejected() {
    let numbers = [0.0; 12];
    let view = View::new(&numbers, 3, 4, 4);
    assert_eq!((view.rows_from(1, 2).rows(), view.columns_from(4, 0).columns()), (2, 0));
    for (first, count) in [(1, 3), (4, 0), (usize::MAX, 1), (2, usize::MAX)] {
        assert!(catch_unwind(|| view.rows_from(first, count).rows()).is_err());
    }
    for (first, count) in [(1, 4), (5, 0), (usize::MAX, 2)] {
        assert!(catch_unwind(|| view.columns_from(first, count).columns()).is_err());
    }
    assert!(catch_unwind(|| view.row(3)[0]).is_err());
}
