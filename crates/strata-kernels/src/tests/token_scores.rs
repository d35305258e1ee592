//! What queries and keys add to their scores by their distance, against float64.

use super::attention::{all_with_dtypes, attention_at, expected_at, tolerance};
use super::guarded::Guarded;
use super::support::{assert_close, name, numbers};
use crate::positions::{PositionScores, Positions};
use crate::token_scores::{DistanceColumns, TokenScores};
use crate::view::View;

/// The column of each distance up to `farthest`: one for each near one, one for several far ones.
fn columns(farthest: usize, near: usize) -> (DistanceColumns, impl Fn(isize) -> usize + Copy) {
    let column = move |distance: isize| {
        let far = distance.unsigned_abs().saturating_sub(near).div_ceil(3);
        let step = distance.unsigned_abs().min(near) + far;
        (2 * farthest + 1).saturating_add_signed(step.cast_signed() * distance.signum())
    };
    (DistanceColumns::new(farthest, column), column)
}

/// The tables of queries and keys, of which some may be missing, and attention with them.
struct Case {
    sizes: [usize; 4],
    near: usize,
    has: [bool; 2],
}

impl Case {
    /// The scores of attention of the queries from `first` on, and what they are in float64.
    fn check(&self) {
        let Self { sizes: [first, n, t, d], near, has } = *self;
        let [q, k, v] = [numbers(n * d, 1), numbers(t * d, 2), numbers(t * d, 3)];
        let (columns, column) = columns(t - 1, near);
        let range = columns.range(first, n, t);
        // A column before those that are needed, and none after them.
        let (first_column, width) = (range.start - 1, range.len() + 1);
        let (of_queries, of_keys) = (numbers(n * width, 4), numbers(t * width, 5));
        let tables = [(Guarded::new(&of_queries), n), (Guarded::new(&of_keys), t)];
        let added = |query: usize, key: usize| {
            let distance = (first + query).cast_signed() - key.cast_signed();
            let at = column(distance) - first_column;
            let number = |has: bool, numbers: &[f32], row: usize| {
                if has { f64::from(numbers[row * width + at]) } else { 0.0 }
            };
            let sum = number(has[0], &of_queries, query) + number(has[1], &of_keys, key);
            sum / (d as f64).sqrt()
        };
        let expected = expected_at([&q, &k, &v], d, added);
        let view = |at: usize| {
            let (numbers, rows) = &tables[at];
            has[at].then(|| View::new(numbers.as_ref(), *rows, width, width))
        };
        let scores =
            TokenScores { queries: view(0), keys: view(1), first_column, columns: &columns };
        let positions = Positions { first_query: first, scores: PositionScores::OfTokens(scores) };
        for (kernels, dtype) in all_with_dtypes() {
            let found = attention_at(kernels, dtype, [&q, &k, &v], Some(positions), d);
            let case = format!("{} {} {:?} near {near}", name(kernels), dtype.name(), self.sizes);
            assert_close(&found, &expected, 2.0 * tolerance(dtype), &case);
        }
    }
}

#[test]
fn what_tokens_add_by_their_distance_is_added_to_their_scores() {
    for sizes in [
        [0, 1, 1, 4],
        [0, 33, 33, 8],
        [0, 150, 150, 16],
        [7, 1, 90, 32],
        [120, 30, 150, 8],
        [16, 17, 66, 5],
    ] {
        for near in [0, 20, 60, 1000] {
            for has in [[true, true], [true, false], [false, true]] {
                Case { sizes, near, has }.check();
            }
        }
    }
}

#[test]
fn a_query_has_the_same_bits_among_any_others_of_its_place() {
    let (t, d) = (140, 16);
    let [q, k, v] = [numbers(t * d, 1), numbers(t * d, 2), numbers(t * d, 3)];
    let (columns, _) = columns(t - 1, 50);
    let range = columns.range(0, t, t);
    let width = range.len();
    let (of_queries, of_keys) = (numbers(t * width, 4), numbers(t * width, 5));
    for (kernels, dtype) in all_with_dtypes() {
        let some = |first: usize, count: usize| {
            let rows = |numbers, rows| Some(View::new(numbers, rows, width, width));
            let scores = TokenScores {
                queries: rows(&of_queries[first * width..], count),
                keys: rows(&of_keys, t),
                first_column: range.start,
                columns: &columns,
            };
            let scores = PositionScores::OfTokens(scores);
            let positions = Some(Positions { first_query: first, scores });
            let q = &q[first * d..(first + count) * d];
            let rows = attention_at(kernels, dtype, [q, &k, &v], positions, d);
            rows.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let all = some(0, t);
        for count in [1, 5, 16, 47] {
            let pieces = (0..t).step_by(count).map(|first| some(first, count.min(t - first)));
            let pieces: Vec<u32> = pieces.flatten().collect();
            assert!(pieces == all, "{} {} by {count}", name(kernels), dtype.name());
        }
    }
}

#[test]
#[should_panic(expected = "columns of scores")]
fn a_table_without_a_column_is_refused() {
    let (columns, _) = columns(9, 5);
    let range = columns.range(0, 10, 10);
    let numbers = numbers(10 * range.len(), 1);
    let view = View::new(&numbers, 10, range.len() - 1, range.len());
    let scores = TokenScores {
        queries: Some(view),
        keys: None,
        first_column: range.start,
        columns: &columns,
    };
    scores.tables(0, 10, 10);
}
