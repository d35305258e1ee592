//! Heads of several labels and of numbers.

use super::*;

#[test]
fn several_labels_are_learned_with_their_thresholds() {
    let (_, features) = data();
    // A row has the first label if its first feature is large, and the second, rarer label if its
    // second feature is large.
    let labels = features.values.chunks_exact(8).map(|row| {
        let holds = [row[0] > 1.0, row[1] > 0.7];
        (0..2).filter(|&label| holds[label]).collect()
    });
    let dataset = labelled(Targets::MultiLabel(labels.collect()));
    let trained = train(&dataset, &features, &TrainingOptions::default(), &mut |_| {}).unwrap();
    let Scores::MultiLabel(scores) = &trained.report.held_out.scores else { panic!("one label") };
    assert!(scores.micro_f1 > 0.85 && scores.counts.len() == 2, "{scores:?}");
    let thresholds = trained.decision.thresholds.unwrap();
    assert!(thresholds.iter().all(|threshold| (0.05..0.95).contains(threshold)), "{thresholds:?}");
    assert!(trained.report.calibration.is_some());
}

#[test]
fn a_label_with_two_texts_is_learned_in_whichever_part_they_are() {
    let (_, features) = data();
    let training: Vec<usize> =
        (0..ROWS).filter(|text| !is_held_out(&text.to_string())).take(2).collect();
    let labels = |text: usize| {
        let holds = [features.row(text)[0] > 1.0, training.contains(&text)];
        (0..2).filter(|&label| holds[label]).collect()
    };
    let dataset = labelled(Targets::MultiLabel((0..ROWS).map(labels).collect()));
    for seed in 0..4 {
        let options = TrainingOptions { seed, ..with_strengths(&[0.1, 1.0]) };
        let head = train(&dataset, &features, &options, &mut |_| {}).unwrap().head;
        // The head has learned that the label is rare.
        let outputs = head.outputs(&features, &training);
        assert!(outputs.chunks_exact(2).all(|row| row[1].is_finite() && row[1] < 0.0));
    }
}

#[test]
fn numbers_are_learned_in_their_unit() {
    let (_, features) = data();
    let number = |row: &[f32]| 1e3 + 50.0 * f64::from(row[0] - row[2]);
    let numbers = features.values.chunks_exact(8).map(number).collect();
    let dataset = labelled(Targets::Regression(numbers));
    for options in [
        TrainingOptions { folds: Some(5), ..with_strengths(&[1.0, 1e3]) },
        with_hidden(HiddenLayers { dropout: 0.0, ..small() }),
    ] {
        let TrainedHead { report, decision, held_out, .. } =
            train(&dataset, &features, &options, &mut |_| {}).unwrap();
        let Scores::Regression(scores) = &report.held_out.scores else { panic!("labels") };
        assert!(scores.r2 > 0.98 && scores.rmse < 8.0, "{scores:?}");
        assert_eq!((decision.temperature(), report.calibration), (1.0, None));
        assert!(held_out.outputs.iter().all(|value| (800.0..1200.0).contains(value)));
        if let Some(cross) = report.cross_validation {
            assert!(cross.scores[0].mean > 0.98 && cross.log_loss.is_none(), "{cross:?}");
        }
    }
    let weighed =
        TrainingOptions { class_weights: ClassWeights::Balanced, ..TrainingOptions::default() };
    let refused = train(&dataset, &features, &weighed, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.starts_with("class weights need labels"), "{refused}");
}
