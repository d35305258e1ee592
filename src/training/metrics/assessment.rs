//! Scores with what they have to be read with: intervals, a baseline, and the scores of each label.

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::label_counts::{LabelScores, macro_f1, macro_f1_of_listed, micro_f1};
use super::metric::show;
use super::outcomes::{Outcomes, bootstrap, wilson};
use super::regression::RegressionScores;
use super::scores::Scores;
use super::{multi_label, single_label};
use crate::training::data::Targets;

/// The scores of a finished head on rows that it hasn't seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The scores.
    #[serde(flatten)]
    pub scores: Scores,
    /// How far chance alone may move them.
    pub intervals: Intervals,
    /// The scores of a constant.
    pub baseline: Baseline,
    /// The scores of each label; none in a regression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_label: Vec<LabelScores>,
}

/// 95 % intervals, each from its lower to its upper end: of accuracy by Wilson (1927), of the others by
/// a bootstrap over rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accuracy: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    micro_f1: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    macro_f1: Option<[f64; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r2: Option<[f64; 2]>,
}

impl Intervals {
    /// The interval of the metric with this name, if there is one.
    pub fn of_metric(&self, name: &str) -> Option<[f64; 2]> {
        match name {
            "accuracy" | "subset accuracy" => self.accuracy,
            "micro F1" => self.micro_f1,
            "macro F1" => self.macro_f1,
            "R²" => self.r2,
            _ => None,
        }
    }
}

impl Assessment {
    /// Scores `outputs (n,k)` as [`Scores::new`] does; `labels (k)` are their names.
    pub fn new(
        outputs: &[f64],
        targets: &Targets,
        thresholds: Option<&[f32]>,
        labels: &[String],
    ) -> Self {
        let (n, k) = (targets.len(), labels.len());
        let scores = Scores::new(outputs, targets, thresholds);
        let share =
            scores.accuracy().map(|accuracy| wilson((accuracy * n as f64).round() as usize, n));
        let mut intervals = Intervals { accuracy: share, ..Intervals::default() };
        let mut per_label = Vec::new();
        match targets {
            Targets::SingleLabel(rows) => {
                let outcomes = single_label::outcomes(outputs, rows, k);
                intervals.macro_f1 = Some(outcomes.interval(macro_f1_of_listed));
                per_label = label_scores(&outcomes, labels);
            }
            Targets::MultiLabel(rows) => {
                let outcomes = multi_label::outcomes(outputs, rows, k, thresholds);
                intervals.micro_f1 = Some(outcomes.interval(micro_f1));
                intervals.macro_f1 = Some(outcomes.interval(macro_f1));
                per_label = label_scores(&outcomes, labels);
                let precisions = multi_label::average_precisions(outputs, rows, k);
                for (label, (scores, precision)) in per_label.iter_mut().zip(precisions).enumerate()
                {
                    scores.average_precision = precision;
                    scores.threshold = thresholds.map(|thresholds| thresholds[label]);
                }
            }
            Targets::Regression(actual) => intervals.r2 = Some(r2_interval(outputs, actual)),
        }
        Self { scores, intervals, baseline: Baseline::new(targets, labels), per_label }
    }

    /// `accuracy 80.00 % (77.10 to 82.60), macro F1 79.00 % (76.00 to 82.00), log loss 0.4200; in
    /// brackets the 95 % interval; always "a": accuracy 52.00 %`
    pub fn line(&self) -> String {
        let metrics = self.scores.metrics();
        let shown = metrics.iter().map(|metric| {
            let interval = self.intervals.of_metric(metric.name).map(|[low, high]| {
                let scale = if metric.share { 100.0 } else { 1.0 };
                let digits = if metric.share { 2 } else { 4 };
                format!(" ({:.digits$} to {:.digits$})", scale * low, scale * high)
            });
            format!("{} {}{}", metric.name, metric.show(), interval.unwrap_or_default())
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        format!("{shown}; in brackets 95 % intervals; {}", self.baseline.line())
    }

    /// Whether all scores are numbers.
    pub fn is_finite(&self) -> bool {
        self.scores.metrics().iter().all(|metric| metric.value.is_finite())
    }

    /// Each metric with its value, its interval and the value of the baseline, as text.
    pub fn table(&self) -> Vec<[String; 4]> {
        let row = |metric: &super::Metric| {
            let interval = self.intervals.of_metric(metric.name).map(|[low, high]| {
                format!("{} to {}", show(low, metric.share), show(high, metric.share))
            });
            let baseline = self.baseline.of_metric(metric.name);
            let baseline = baseline.map(|value| show(value, metric.share));
            let absent = || "–".to_owned();
            [
                metric.name.to_owned(),
                metric.show(),
                interval.unwrap_or_else(absent),
                baseline.unwrap_or_else(absent),
            ]
        };
        self.scores.metrics().iter().map(row).collect()
    }
}

fn label_scores(outcomes: &Outcomes, labels: &[String]) -> Vec<LabelScores> {
    let counts = outcomes.counts();
    labels.iter().zip(&counts).map(|(label, counts)| LabelScores::new(label, counts)).collect()
}

fn r2_interval(predicted: &[f64], actual: &[f64]) -> [f64; 2] {
    use rand::RngExt;
    let n = actual.len();
    bootstrap(n, |random| {
        let rows: Vec<usize> = (0..n).map(|_| random.random_range(0..n)).collect();
        let pick = |all: &[f64]| rows.iter().map(|&row| all[row]).collect::<Vec<_>>();
        RegressionScores::new(&pick(predicted), &pick(actual)).r2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|&label| label.to_owned()).collect()
    }

    #[test]
    fn every_score_stands_beside_its_interval_and_a_constant() {
        // 99 of 100 rows have the first label, and only it is predicted.
        let targets = Targets::SingleLabel((0..100).map(|at| usize::from(at == 50)).collect());
        let outputs = [1.0, 0.0].repeat(100);
        let found = Assessment::new(&outputs, &targets, None, &names(&["common", "rare"]));
        let line = found.line();
        assert!(
            line.starts_with("accuracy 99.00 % (94.55 to 99.82), macro F1 49.75 % ("),
            "{line}"
        );
        assert!(line.ends_with("always \"common\": accuracy 99.00 %"), "{line}");
        let [common, rare] = found.per_label.as_slice() else { panic!() };
        assert_eq!((common.rows, common.precision, common.recall), (99, Some(0.99), Some(1.0)));
        assert_eq!((rare.rows, rare.precision, rare.recall, rare.f1), (1, None, Some(0.0), 0.0));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Assessment>(&json).unwrap(), found);
    }

    #[test]
    fn a_label_of_several_has_its_threshold_and_average_precision() {
        let targets = Targets::MultiLabel(vec![vec![0], vec![0, 1], vec![]]);
        let outputs = [2.0, -1.0, 1.0, -2.0, -3.0, -9.0];
        let thresholds = [0.5, 0.004];
        let found = Assessment::new(&outputs, &targets, Some(&thresholds), &names(&["a", "b"]));
        let [a, b] = found.per_label.as_slice() else { panic!() };
        assert_eq!((a.f1, a.average_precision, a.threshold), (1.0, Some(1.0), Some(0.5)));
        // The one row that has it comes second.
        assert_eq!(
            (b.average_precision, b.threshold, b.precision),
            (Some(0.5), Some(0.004), Some(0.5))
        );
        assert_eq!(found.table()[0][0], "micro F1");
        assert!(found.line().contains("average precision 75.00 %"), "{}", found.line());
    }

    #[test]
    fn a_regression_is_compared_with_the_mean() {
        let actual: Vec<f64> = (0..50).map(f64::from).collect();
        let predicted: Vec<f64> = actual.iter().map(|y| y + (y * 7.0).sin()).collect();
        let found =
            Assessment::new(&predicted, &Targets::Regression(actual), None, &names(&["value"]));
        let [low, high] = found.intervals.of_metric("R²").unwrap();
        let Scores::Regression(scores) = &found.scores else { panic!() };
        assert!(low < scores.r2 && scores.r2 < high && low > 0.99, "{low} {high}");
        let deviation = ((50.0 * 50.0 - 1.0) / 12.0_f64).sqrt();
        assert!((found.baseline.of_metric("RMSE").unwrap() - deviation).abs() < 1e-9);
        assert!(found.per_label.is_empty());
    }
}
