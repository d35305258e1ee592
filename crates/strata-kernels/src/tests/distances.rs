//! What distances add to attention scores, against float64.

use super::attention::{all_with_dtypes, attention_at, expected_at, tolerance};
use super::support::{assert_close, name, numbers};
use crate::distance_bias::DistanceBias;
use crate::positions::{PositionScores, Positions};

fn at(bias: &DistanceBias, first_query: usize) -> Positions<'_> {
    Positions { first_query, scores: PositionScores::OfDistance(bias) }
}

/// Queries, keys and values.
fn inputs(n: usize, t: usize, d: usize) -> [Vec<f32>; 3] {
    [numbers(n * d, 1), numbers(t * d, 2), numbers(t * d, 3)]
}

/// Compares the queries from `first` on with float64; `added` is what a distance adds.
fn compare(bias: &DistanceBias, added: impl Fn(isize) -> f64, [first, n, t, d]: [usize; 4]) {
    let [q, k, v] = &inputs(n, t, d);
    let distance = |query: usize, key: usize| (first + query).cast_signed() - key.cast_signed();
    let expected = expected_at([q, k, v], d, |query, key| added(distance(query, key)));
    for (kernels, dtype) in all_with_dtypes() {
        let positions = Some(at(bias, first));
        let found = attention_at(kernels, dtype, [q, k, v], positions, d);
        let case = format!("{} {} first {first} n {n} t {t} d {d}", name(kernels), dtype.name());
        assert_close(&found, &expected, 2.0 * tolerance(dtype), &case);
    }
}

/// A bias that differs for each distance, on both sides.
fn bias(distance: isize) -> f64 {
    f64::from((distance as f32 * 0.37).sin() * 1.5)
}

#[test]
fn a_bias_of_each_distance_is_added_to_its_scores() {
    for [first, n, t, d] in
        [[0, 33, 33, 8], [0, 150, 150, 16], [7, 1, 90, 32], [120, 30, 150, 8], [0, 1, 1, 4]]
    {
        let table = DistanceBias::new(t - 1, d, |distance| bias(distance) as f32);
        compare(&table, bias, [first, n, t, d]);
    }
}

#[test]
fn keys_beyond_the_reach_are_excluded() {
    for reach in [0, 1, 5, 31, 32, 64, 100] {
        let table = DistanceBias::within(reach);
        let is_near = |distance: isize| distance.unsigned_abs() <= reach;
        let added = |distance| if is_near(distance) { 0.0 } else { f64::NEG_INFINITY };
        for [first, n, t] in [[0, 1, 1], [0, 20, 20], [0, 300, 300], [299, 1, 300], [130, 40, 400]]
        {
            compare(&table, added, [first, n, t, 16]);
        }
    }
}

#[test]
fn queries_may_come_after_all_keys() {
    for [first, n, t, d] in [[0, 32, 5, 16], [0, 150, 60, 8], [60, 40, 60, 32], [90, 1, 33, 8]] {
        let farthest = first + n - 1;
        let table = DistanceBias::new(farthest, d, |distance| bias(distance) as f32);
        compare(&table, bias, [first, n, t, d]);
        let reach = first + n - t;
        let is_near = |distance: isize| distance.unsigned_abs() <= reach;
        let added = |distance| if is_near(distance) { 0.0 } else { f64::NEG_INFINITY };
        compare(&DistanceBias::within(reach), added, [first, n, t, d]);
    }
}

#[test]
#[should_panic(expected = "39 places, and 33 keys that reach 5 further")]
fn a_query_without_a_key_in_its_reach_is_refused() {
    DistanceBias::within(5).distances(0, 39, 33);
}

#[test]
fn a_key_that_is_excluded_may_have_any_score() {
    let (t, d, reach) = (200, 8, 10);
    let [q, mut k, v] = inputs(t, t, d);
    // Far above all scores of near keys.
    k[..d].fill(500.0);
    let table = DistanceBias::within(reach);
    let is_near = |query: usize, key: usize| query.abs_diff(key) <= reach;
    let expected =
        expected_at(
            [&q, &k, &v],
            d,
            |query, key| {
                if is_near(query, key) { 0.0 } else { f64::NEG_INFINITY }
            },
        );
    for (kernels, dtype) in all_with_dtypes() {
        let positions = Some(at(&table, 0));
        let found = attention_at(kernels, dtype, [&q, &k, &v], positions, d);
        let far = (reach + 1) * d..;
        assert_close(
            &found[far.clone()],
            &expected[far],
            2.0 * tolerance(dtype),
            &format!("{} {}", name(kernels), dtype.name()),
        );
    }
}

#[test]
fn a_query_has_the_same_bits_among_any_others_of_its_place() {
    let (t, d) = (210, 16);
    let [q, k, v] = inputs(t, t, d);
    let tables =
        [DistanceBias::within(33), DistanceBias::new(t - 1, d, |distance| bias(distance) as f32)];
    for (kernels, dtype) in all_with_dtypes() {
        for bias in &tables {
            let some = |first: usize, count: usize| {
                let positions = Some(at(bias, first));
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
}

#[test]
#[should_panic(expected = "biases for 10")]
fn a_distance_without_a_bias_is_refused() {
    DistanceBias::new(9, 8, |_| 0.0).distances(0, 11, 11);
}
