//! Quantised rows are those of sentence-transformers, and files that don't fit are refused.

use std::fs;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Calibration, Calibrations, Precision, Ranges};
use crate::model::recipe::{Combine, Recipe, ResolvedRecipe, Shape};

const FIXTURE: &str = include_str!("../../tests/fixtures/quantized.json");

#[derive(Deserialize)]
struct Case {
    minimum: Vec<f32>,
    maximum: Vec<f32>,
    rows: Vec<Vec<f32>>,
    int8: Value,
    uint8: Value,
    binary: Value,
    ubinary: Value,
}

#[test]
fn every_byte_is_that_of_sentence_transformers() {
    let cases: Vec<Case> = serde_json::from_str(FIXTURE).unwrap();
    assert_eq!(cases.len(), 4);
    for Case { minimum, maximum, rows, int8, uint8, binary, ubinary } in cases {
        let width = minimum.len();
        let ranges = Arc::new(Ranges::new(minimum, maximum).unwrap());
        for (precision, expected) in [
            (Precision::Int8, int8),
            (Precision::Uint8, uint8),
            (Precision::Binary, binary),
            (Precision::Ubinary, ubinary),
        ] {
            let quantizer = precision.quantizer(|| Ok::<_, ()>(Arc::clone(&ranges))).unwrap();
            let found: Vec<_> = rows.iter().map(|row| quantizer.convert(row.clone())).collect();
            assert_eq!(json!(found), expected, "{} of {width} columns", precision.name());
        }
    }
}

fn recipe(dimensions: usize) -> ResolvedRecipe {
    let shape = Shape { layers: 2, hidden: 16 };
    Recipe { layers: vec![-1], dimensions: Some(dimensions), ..Recipe::default() }
        .resolve(shape)
        .unwrap()
}

fn calibration(dimensions: usize, prompt: &str) -> Calibration {
    let ranges = Ranges::new(vec![-0.1; dimensions], vec![0.3; dimensions]).unwrap();
    Calibration::new("tiny", "abc", &recipe(dimensions), prompt, 7, ranges)
}

#[test]
fn ranges_are_found_by_recipe_columns_and_prompt() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = ["a", "b", "c"].iter().map(|name| folder.path().join(name)).collect();
    calibration(4, "").write(&files[0]).unwrap();
    calibration(3, "").write(&files[1]).unwrap();
    calibration(4, "query: ").write(&files[2]).unwrap();
    let all = Calibrations::read(&files, "abc").unwrap();
    assert!(all.iter().eq(&[calibration(4, ""), calibration(3, ""), calibration(4, "query: ")]));
    assert_eq!(all.ranges(&recipe(3), "").unwrap().width(), 3);
    assert_eq!(all.ranges(&recipe(4), "query: "), Some(Arc::clone(&calibration(4, "").ranges)));
    assert_eq!(all.ranges(&recipe(3), "query: "), None);
    assert_eq!(all.ranges(&recipe(2), ""), None);
    let normalized = ResolvedRecipe { normalize: true, ..recipe(4) };
    assert_eq!(all.ranges(&normalized, ""), None);
}

proptest! {
    #[test]
    fn ranges_are_found_by_any_weights(
        weights in vec(prop_oneof![-2.0_f32..2.0, any::<f32>()], 1..=3)
    ) {
        let shape = Shape { layers: 2, hidden: 4 };
        let layers = (0..).take(weights.len()).collect();
        let (combine, weights) = (Combine::Weighted, Some(weights));
        let written = Recipe { layers, combine, weights, ..Recipe::default() };
        let recipe = written.resolve(shape).unwrap();
        let ranges = Ranges::new(vec![0.0; 4], vec![1.0; 4]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.json");
        Calibration::new("tiny", "abc", &recipe, "", 7, ranges).write(&file).unwrap();
        let all = Calibrations::read(&[file], "abc").unwrap();
        prop_assert!(all.ranges(&recipe, "").is_some());
    }
}

/// The message about a file whose JSON was changed.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.json");
    let mut json = serde_json::to_value(calibration(4, "")).unwrap();
    change(&mut json);
    fs::write(&file, json.to_string()).unwrap();
    let error = Calibrations::read(std::slice::from_ref(&file), "abc").unwrap_err().to_string();
    error.replace(file.to_str().unwrap(), "FILE")
}

#[test]
fn a_file_that_does_not_fit_is_refused_by_its_field() {
    let refusal = refused(|json| json["fingerprint"] = json!("def"));
    assert!(
        refusal.contains("FILE: fingerprint is that of another encoder, tiny def"),
        "{refusal}"
    );
    let refusal = refused(|json| json["format"] = json!(2));
    assert!(refusal.contains("format is 2; 1 is read"), "{refusal}");
    let refusal = refused(|json| json["ranges"]["maximum"] = json!([1.0]));
    assert!(refusal.contains("ranges: minimum has 4 numbers and maximum 1"), "{refusal}");
    let refusal = refused(|json| json["ranges"]["minimum"][2] = json!(5.0));
    assert!(refusal.contains("column 2 has no finite minimum"), "{refusal}");
    let refusal = refused(|json| json["recipe"]["dimensions"] = json!(9));
    assert!(refusal.contains("recipe.dimensions is 9 and ranges have 4 columns"), "{refusal}");
    let refusal = refused(|json| json["extra"] = json!(1));
    assert!(refusal.contains("unknown field `extra`"), "{refusal}");
    let refusal = refused(|json| *json = json!([]));
    assert!(refusal.contains("`strata calibrate` writes such files"), "{refusal}");
}

#[test]
fn two_files_for_the_same_rows_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["a", "b"].map(|name| folder.path().join(name));
    files.iter().for_each(|file| calibration(4, "").write(file).unwrap());
    let refusal = Calibrations::read(&files, "abc").unwrap_err().to_string();
    let [earlier, later] = files.each_ref().map(|file| file.display());
    assert_eq!(
        refusal,
        format!(
            "{later}: it has ranges for the same recipe, columns and prompt as {earlier}; name only \
             one of them"
        )
    );
}

#[test]
fn a_file_that_cannot_be_read_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let refusal = Calibrations::read(&[missing], "abc").unwrap_err().to_string();
    assert!(refusal.contains("missing: No such file"), "{refusal}");
    assert!(refusal.ends_with("; name a file that `strata calibrate` wrote"), "{refusal}");
}
