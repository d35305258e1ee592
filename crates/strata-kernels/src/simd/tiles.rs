//! Divides rows into tiles.

/// The most rows of a tile, in any instruction set.
pub const MAX_TILE_ROWS: usize = 14;

/// Evaluates an expression in which `$m` is a constant: the number of rows that a variable holds,
/// from 1 to `$most`, which is at most [`MAX_TILE_ROWS`].
macro_rules! by_rows {
    ($rows:expr, $most:expr, $m:ident => $call:expr) => {
        by_rows!($rows, $most, $m => $call, [1 2 3 4 5 6 7 8 9 10 11 12 13 14])
    };
    ($rows:expr, $most:expr, $m:ident => $call:expr, [$first:literal $($next:literal)*]) => {
        // The first condition is constant: no code is compiled for more than `$most` rows.
        if $first <= $most && $rows == $first {
            const $m: usize = $first;
            $call
        } else {
            by_rows!($rows, $most, $m => $call, [$($next)*])
        }
    };
    ($rows:expr, $most:expr, $m:ident => $call:expr, []) => {
        debug_assert!(false, "a tile of {} rows", $rows)
    };
}
pub(super) use by_rows;

/// Divides `rows` rows into as few tiles of at most `most` rows as possible: first row and number
/// of rows of each. Their heights differ by one at most, so that no last tile has to read a whole
/// panel for a few rows only.
#[inline(always)]
pub fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiles = rows.div_ceil(most);
    (0..tiles).map(move |tile| {
        let start = tile * rows / tiles;
        (start, (tile + 1) * rows / tiles - start)
    })
}
