//! Average precision: how well a label's probabilities rank the rows, whatever its threshold.

/// `Σ (recallᵢ − recallᵢ₋₁) · precisionᵢ` over the distinct scores from the highest down, as in
/// scikit-learn. `rows` has the score of each row and whether it is actual; none if no row is.
pub fn average_precision(mut rows: Vec<(f64, bool)>) -> Option<f64> {
    let all = rows.iter().filter(|(_, actual)| *actual).count();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut sum, mut found, mut before) = (0.0, 0, 0);
    for ranked in 1..=rows.len() {
        found += usize::from(rows[ranked - 1].1);
        // Rows with the same score have no order.
        if rows.get(ranked).is_none_or(|next| next.0 < rows[ranked - 1].0) {
            sum += (found - before) as f64 * found as f64 / ranked as f64;
            before = found;
        }
    }
    (all > 0).then(|| sum / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_is_that_of_scikit_learn() {
        // scikit-learn 1.9: average_precision_score(actual, scores)
        let rows = |scores: &[f64], actual: &[u8]| {
            scores.iter().copied().zip(actual.iter().map(|&actual| actual == 1)).collect()
        };
        for (scores, actual, expected) in [
            (&[0.1, 0.4, 0.35, 0.8][..], &[0, 0, 1, 1][..], 0.833_333_333_333_333),
            (&[0.5, 0.5, 0.5, 0.2], &[1, 0, 1, 1], 0.694_444_444_444_444),
            (&[0.9, 0.8, 0.1], &[1, 1, 0], 1.0),
            (&[0.9, 0.8, 0.1], &[0, 0, 1], 0.333_333_333_333_333),
        ] {
            let found = average_precision(rows(scores, actual)).unwrap();
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(average_precision(rows(&[0.3], &[0])), None);
    }
}
