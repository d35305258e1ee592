//! What goes where: which rows a fit, a temperature and a threshold have seen.

use super::*;
use crate::model::head::{Descriptor, OutputActivation};
use crate::model::recipe::{Recipe, RecipeRef};
use crate::training::data::Targets;

#[test]
fn the_last_fit_is_a_fit_of_all_rows_that_are_not_held_out() {
    let (dataset, features) = data();
    let options = TrainingOptions::default();
    let trained = trained(&options);
    let split = check(&dataset, &options).unwrap();
    let data = TrainingData::new(&dataset, &features, &options);
    let strength = trained.report.strength.unwrap();
    let fitted = |rows: &[usize]| {
        let preprocessor = Preprocessor::new(data, rows);
        let prepared = preprocessor.prepare(rows).unwrap();
        let method = ResolvedMethod::Linear { strength };
        let fit = method.fit(&prepared, linear::FINAL_TOLERANCE, None).unwrap();
        preprocessor.head_layers(&fit.layers).outputs(&features, &split.held_out)
    };
    // A constant in all logits is free, so that a fit from another start may differ by it.
    let centred = |outputs: Vec<f64>| {
        let rows = outputs.chunks_exact(3).flat_map(|row| {
            let mean = row.iter().sum::<f64>() / 3.0;
            row.iter().map(move |z| z - mean).collect::<Vec<_>>()
        });
        rows.collect::<Vec<f64>>()
    };
    let own = centred(trained.head.outputs(&features, &split.held_out));
    let gap = |rows: &[usize]| {
        let outputs = centred(fitted(rows));
        outputs.iter().zip(&own).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(gap(&split.training()) < 1e-4, "{}", gap(&split.training()));
    for part in [&split.fitting, &split.validation] {
        assert!(gap(part) > 1e-2, "{}", gap(part));
    }
}

#[test]
fn the_temperature_is_of_rows_that_the_fit_has_not_seen() {
    // Labels are drawn, and there are nearly as many features as rows: the fit learns its own rows by
    // heart and knows nothing about others.
    let mut random = StdRng::seed_from_u64(4);
    let values = (0..ROWS * 300).map(|_| random.random_range(-1.0..1.0)).collect();
    let features = Features { rows: ROWS, width: 300, values };
    let labels = (0..ROWS).map(|_| random.random_range(0..2)).collect();
    let dataset = labelled(Targets::SingleLabel(labels));
    for n in [ROWS, 3_000] {
        let (dataset, features) = match n {
            ROWS => (dataset.clone(), features.clone()),
            n => {
                let values = (0..n * 1_200).map(|_| random.random_range(-1.0..1.0)).collect();
                let labels = (0..n).map(|_| random.random_range(0..2)).collect();
                let features = Features { rows: n, width: 1_200, values };
                (labelled(Targets::SingleLabel(labels)), features)
            }
        };
        let trained = train(&dataset, &features, &with_strengths(&[1.0]), &mut |_| {}).unwrap();
        let calibration = trained.report.calibration.unwrap();
        assert!(calibration.temperature > 3.0, "{calibration:?}");
        assert!(calibration.log_loss_before > 1.5, "{calibration:?}");
        assert!(calibration.mistakes > n / 4, "{calibration:?}");
    }
}

#[test]
fn a_head_of_several_labels_serves_what_was_scored() {
    let (_, features) = data();
    // Labels that are hard to tell, so that the temperature and the thresholds do something.
    let mut random = StdRng::seed_from_u64(8);
    let labels = features.values.chunks_exact(8).map(|row| {
        let holds = |at: usize, random: &mut StdRng| {
            f64::from(row[at]) + random.random_range(-1.0..1.0) > 1.2
        };
        (0..2).filter(|&label| holds(label, &mut random)).collect()
    });
    let dataset = labelled(Targets::MultiLabel(labels.collect()));
    let mut trained = train(&dataset, &features, &with_strengths(&[1e3]), &mut |_| {}).unwrap();
    // Other temperatures and thresholds than 1 and 0.5, whatever was chosen.
    let calibration = trained.decision.calibration.as_mut().unwrap();
    calibration.temperature = 1.7;
    trained.decision.thresholds = Some(vec![0.35, 0.3]);
    let recipe = RecipeRef::Object(Recipe::default());
    let descriptor = Descriptor {
        temperature: trained.decision.temperature() as f32,
        thresholds: trained.decision.thresholds.clone(),
        activation: OutputActivation::Sigmoid,
        ..Descriptor::new(dataset.problem_type(), dataset.labels.clone(), recipe, String::new())
    };
    let rows: Vec<usize> = (0..features.rows).collect();
    let logits = trained.head.outputs(&features, &rows);
    let served = |use_temperature: f32| {
        let descriptor = Descriptor { temperature: use_temperature, ..descriptor.clone() };
        let row = |logits: &[f64]| {
            let logits = logits.iter().map(|&z| z as f32).collect();
            descriptor.decide(logits, None, None).labels.unwrap()
        };
        logits.chunks_exact(2).map(row).collect::<Vec<_>>()
    };
    let scaled = trained.decision.scale(logits.clone());
    let scores = Scores::new(&scaled, &dataset.targets, trained.decision.thresholds.as_deref());
    let Scores::MultiLabel(scores) = scores else { panic!() };
    let actual = |row: usize| -> Vec<&String> {
        dataset.targets.row_labels(row).iter().map(|&label| &dataset.labels[label]).collect()
    };
    let right = |served: &[Vec<String>]| {
        let equal = |row: &usize| served[*row].iter().eq(actual(*row));
        (0..served.len()).filter(equal).count() as f64 / served.len() as f64
    };
    assert_eq!(right(&served(1.7)), scores.accuracy);
    // Without the temperature other labels would be served.
    assert_ne!(served(1.7), served(1.0));
}

#[test]
fn of_equal_logits_the_first_label_is_served_and_scored() {
    let descriptor = Descriptor::new(
        ProblemType::SingleLabelClassification,
        ["a", "b", "c"].map(str::to_owned).to_vec(),
        RecipeRef::Object(Recipe::default()),
        String::new(),
    );
    let served = descriptor.decide(vec![1.0, 2.0, 2.0], None, Some(3));
    assert_eq!(served.label.as_deref(), Some("b"));
    assert_eq!(served.top.unwrap()[0].label, "b");
    let scores = |label| SingleLabelScores::new(&[1.0, 2.0, 2.0], &[label], 3).accuracy;
    assert_eq!((scores(1), scores(2)), (1.0, 0.0));
}
