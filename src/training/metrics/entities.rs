//! Scores of entities, as the Python package `seqeval` has them in its default mode: an entity is right if
//! its words and its label are.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::label_counts::{LabelCounts, LabelScores, label_table};
use super::outcomes::bootstrap;
use crate::training::data::{EntityPlace, entity_places};

/// The scores of entities in some texts. Shares are from 0 to 1, and 0 where they are undefined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityScores {
    /// Over all entities.
    pub micro: Averages,
    /// The means of the labels' scores.
    #[serde(rename = "macro")]
    pub macro_: Averages,
    /// The same, each label by its number of entities.
    pub weighted: Averages,
    /// The 95 % interval of the micro F1, by a bootstrap over texts.
    pub micro_f1_interval: [f64; 2],
    /// The share of words with the right label, `B-` or `I-` included.
    pub accuracy: f64,
    /// Texts.
    pub texts: usize,
    /// Words.
    pub words: usize,
    /// The scores of each label; `rows` are its entities.
    pub per_label: Vec<LabelScores>,
}

/// Precision, recall and F1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Averages {
    /// Of the entities that are found, the share that are right.
    pub precision: f64,
    /// Of the entities that there are, the share that are found.
    pub recall: f64,
    /// `2·precision·recall / (precision + recall)`, or a mean of such.
    pub f1: f64,
}

/// The counts of some labels, by their index.
type Counts = Vec<(usize, LabelCounts)>;

impl EntityScores {
    /// From the labels of the words of texts, such as `B-PER`, `I-PER` and `O`: those that are actual, and
    /// those that are predicted.
    pub fn new(actual: &[Vec<String>], predicted: &[Vec<String>]) -> Self {
        let entities = |texts: &[Vec<String>]| -> Vec<Vec<EntityPlace>> {
            texts.iter().map(|labels| entity_places(labels)).collect()
        };
        let (actual_entities, found_entities) = (entities(actual), entities(predicted));
        let all = actual_entities.iter().chain(&found_entities).flatten();
        let labels: BTreeSet<&str> = all.map(|place| place.label.as_str()).collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        let pairs = actual_entities.iter().zip(&found_entities);
        let texts: Vec<Counts> =
            pairs.map(|(actual, found)| counts(actual, found, &labels)).collect();
        let (n, k) = (texts.len(), labels.len());
        let total = sum(&texts, 0..n, k);
        let micro_f1_interval = bootstrap(n, |random| {
            Averages::micro(&sum(&texts, (0..n).map(|_| random.random_range(0..n)), k)).f1
        });
        let words: usize = actual.iter().map(Vec::len).sum();
        let same = |(actual, found): (&Vec<String>, &Vec<String>)| {
            actual.iter().zip(found).filter(|(actual, found)| actual == found).count()
        };
        let right: usize = actual.iter().zip(predicted).map(same).sum();
        let scores = labels.iter().zip(&total);
        Self {
            micro: Averages::micro(&total),
            macro_: Averages::mean(&total, |_| 1.0),
            weighted: Averages::mean(&total, |count| {
                (count.true_positives + count.false_negatives) as f64
            }),
            micro_f1_interval,
            accuracy: if words == 0 { 0.0 } else { right as f64 / words as f64 },
            texts: n,
            words,
            per_label: scores.map(|(label, count)| LabelScores::new(label, count)).collect(),
        }
    }

    /// `entities: micro F1 90.00 % (88.00 to 92.00), precision 91.00 %, recall 89.00 %, macro F1 85.00 %;
    /// words: accuracy 97.00 % of 4000`
    pub fn line(&self) -> String {
        let percent = |share: f64| format!("{:.2}", 100.0 * share);
        let [low, high] = self.micro_f1_interval.map(percent);
        let Averages { precision, recall, f1 } = self.micro;
        format!(
            "entities: micro F1 {} % ({low} to {high}), precision {} %, recall {} %, macro F1 {} %; in \
             brackets the 95 % interval; words: accuracy {} % of {}",
            percent(f1),
            percent(precision),
            percent(recall),
            percent(self.macro_.f1),
            percent(self.accuracy),
            self.words
        )
    }

    /// A table of the scores of each label: headers, and one row per label.
    pub fn table(&self) -> (Vec<&'static str>, Vec<Vec<String>>) {
        let (mut headers, rows) = label_table(&self.per_label);
        headers[1] = "entities";
        (headers, rows)
    }
}

impl Averages {
    fn one(count: &LabelCounts) -> Self {
        let defined = |share: Option<f64>| share.unwrap_or_default();
        let (precision, recall) = (defined(count.precision()), defined(count.recall()));
        Self { precision, recall, f1: count.f1() }
    }

    fn micro(counts: &[LabelCounts]) -> Self {
        let mut all = LabelCounts::default();
        counts.iter().for_each(|count| add(&mut all, count));
        Self::one(&all)
    }

    fn mean(counts: &[LabelCounts], weight: impl Fn(&LabelCounts) -> f64) -> Self {
        let total: f64 = counts.iter().map(&weight).sum();
        let mut mean = Self::default();
        for count in counts.iter().filter(|_| total > 0.0) {
            let (share, own) = (weight(count) / total, Self::one(count));
            mean.precision += share * own.precision;
            mean.recall += share * own.recall;
            mean.f1 += share * own.f1;
        }
        mean
    }
}

/// The counts of the labels that are actual or found in a text.
fn counts(actual: &[EntityPlace], found: &[EntityPlace], labels: &[&str]) -> Counts {
    let (actual, found): (BTreeSet<_>, BTreeSet<_>) =
        (actual.iter().collect(), found.iter().collect());
    let mut counts: BTreeMap<usize, LabelCounts> = BTreeMap::new();
    for place in actual.union(&found) {
        let label = labels.binary_search(&place.label.as_str()).unwrap_or_default();
        let count = counts.entry(label).or_default();
        count.add(actual.contains(place), found.contains(place));
    }
    counts.into_iter().collect()
}

fn sum(texts: &[Counts], chosen: impl Iterator<Item = usize>, k: usize) -> Vec<LabelCounts> {
    let mut total = vec![LabelCounts::default(); k];
    for (label, count) in chosen.flat_map(|text| &texts[text]) {
        add(&mut total[*label], count);
    }
    total
}

fn add(sum: &mut LabelCounts, more: &LabelCounts) {
    sum.true_positives += more.true_positives;
    sum.false_positives += more.false_positives;
    sum.false_negatives += more.false_negatives;
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Of any score, to seqeval. Largest difference seen: 1.1e-16.
    const TOLERANCE: f64 = 1e-14;

    #[test]
    fn scores_are_those_of_seqeval() {
        let golden = include_str!("../../../tests/fixtures/seqeval.json");
        let golden: Value = serde_json::from_str(golden).unwrap();
        let cases = golden["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        let mut largest = 0.0_f64;
        let mut compare = |found: f64, expected: &Value, what: &str| {
            let difference = (found - expected.as_f64().unwrap()).abs();
            largest = largest.max(difference);
            assert!(difference < TOLERANCE, "{what}: {found}, seqeval has {expected}");
        };
        for case in cases {
            let labels = |which: &str| -> Vec<Vec<String>> {
                serde_json::from_value(case[which].clone()).unwrap()
            };
            let found = EntityScores::new(&labels("actual"), &labels("predicted"));
            compare(found.accuracy, &case["accuracy"], "accuracy");
            for (name, averages) in
                [("micro", found.micro), ("macro", found.macro_), ("weighted", found.weighted)]
            {
                compare(averages.precision, &case[name][0], name);
                compare(averages.recall, &case[name][1], name);
                compare(averages.f1, &case[name][2], name);
            }
            let expected = case["per_label"].as_object().unwrap();
            assert_eq!(found.per_label.len(), expected.len());
            for scores in &found.per_label {
                let expected = &expected[&scores.label];
                compare(scores.precision.unwrap_or(0.0), &expected[0], &scores.label);
                compare(scores.recall.unwrap_or(0.0), &expected[1], &scores.label);
                compare(scores.f1, &expected[2], &scores.label);
                assert_eq!(scores.rows as u64, expected[3].as_u64().unwrap());
            }
            let [low, high] = found.micro_f1_interval;
            assert!(low <= found.micro.f1 && found.micro.f1 <= high, "{low} {high}");
        }
        println!("largest difference {largest:.1e}");
    }

    #[test]
    fn texts_without_entities_have_scores_of_0() {
        let outside = vec![vec!["O".to_owned(); 3]];
        let found = EntityScores::new(&outside, &outside);
        assert_eq!((found.micro, found.macro_.f1, found.accuracy), (Averages::default(), 0.0, 1.0));
        assert!(found.per_label.is_empty() && found.line().contains("micro F1 0.00 %"));
    }
}
