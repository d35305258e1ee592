//! Heads: saved and loaded again, and refused if files, recipe or encoder don't fit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use strata::app::Parts;
use strata::config::Config;
use strata::model::checkpoint::ProblemType;
use strata::model::checkpoint::fingerprint::sha256;
use strata::model::head::{
    Dense, DenseActivation, Descriptor, Head, HeadContext, HeadError, HeadFiles,
};
use strata::model::recipe::RecipeRef;
use strata::model::task::OutputSpec;
use tempfile::TempDir;

use crate::support::copy::{Stored, Tensors};
use crate::support::pass::rows;
use crate::support::{Tiny, load, tiny};

const WIDTH: usize = 32;
const LABELS: [&str; 3] = ["left", "right", "straight"];
/// The difference of a head's logits to the same sums in float64. Largest difference seen: 2.2e-7.
const ROUNDING: f64 = 1e-6;

/// The folder of a head, whose files may be changed.
struct Folder {
    dir: TempDir,
    parts: Parts,
}

/// Numbers that are all different.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 100.0).collect()
}

fn context<'a>(parts: &'a Parts, fingerprint: &'a str) -> HeadContext<'a> {
    HeadContext {
        recipes: &parts.recipes,
        fingerprint,
        encoder: Config::defaults().unwrap().encoder,
    }
}

fn descriptor(fingerprint: &str) -> Descriptor {
    Descriptor {
        training: Some(json!({"seed": 7, "held_out": {"accuracy": 0.5}})),
        ..Descriptor::new(
            ProblemType::SingleLabelClassification,
            LABELS.map(str::to_owned).to_vec(),
            RecipeRef::Name("last-four".to_owned()),
            fingerprint.to_owned(),
        )
    }
}

impl Folder {
    /// A head for a tiny checkpoint, saved as `strata train` does.
    fn saved() -> Self {
        let (dir, parts) = (TempDir::new().unwrap(), load(&tiny(Tiny::SENTENCE)));
        let descriptor = descriptor(&parts.fingerprint);
        let layer = Dense::new(numbers(3 * WIDTH), numbers(3), DenseActivation::Identity);
        descriptor.save(&dir.path().join("turn"), &[layer]).unwrap();
        Self { dir, parts }
    }

    fn files(&self) -> HeadFiles {
        let read = |name: &str| fs::read(self.dir.path().join("turn").join(name)).unwrap();
        HeadFiles {
            name: "turn".to_owned(),
            origin: "here".to_owned(),
            json: read("head.json"),
            weights: read("head.safetensors"),
        }
    }

    /// The files with a changed description.
    fn with_description(&self, change: impl FnOnce(&mut Value)) -> HeadFiles {
        let mut files = self.files();
        let mut json = serde_json::from_slice(&files.json).unwrap();
        change(&mut json);
        files.json = serde_json::to_vec(&json).unwrap();
        files
    }

    /// The files with other weights and their SHA-256 in the description.
    fn with_weights(&self, tensors: &Tensors, change: impl FnOnce(&mut Value)) -> HeadFiles {
        let weights = safetensors::serialize(tensors, None).unwrap();
        let mut files = self.with_description(|json| {
            json["weights_sha256"] = sha256(&weights).into();
            change(json);
        });
        files.weights = weights;
        files
    }

    fn load(&self, files: &HeadFiles) -> Result<Head, HeadError> {
        files.load(context(&self.parts, &self.parts.fingerprint))
    }

    /// Checks that the files are refused with a message that contains all of `parts`.
    fn refused(&self, files: &HeadFiles, parts: &[&str]) {
        let message = self.load(files).expect_err("refused").to_string();
        for part in ["head \"", "(here)"].iter().chain(parts) {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
    }
}

fn layer(number: usize, outputs: usize, inputs: usize) -> [(String, Stored); 2] {
    let weight = Stored::f32(&[outputs, inputs], &numbers(outputs * inputs));
    let bias = Stored::f32(&[outputs], &numbers(outputs));
    [(format!("{number}.weight"), weight), (format!("{number}.bias"), bias)]
}

fn one_layer(outputs: usize, inputs: usize) -> Tensors {
    layer(0, outputs, inputs).into()
}

/// `W·x + b` in float64, for the tensors of [`layer`].
fn by_hand(x: &[f64], outputs: usize) -> Vec<f64> {
    let (weight, bias) = (numbers(outputs * x.len()), numbers(outputs));
    let row = |i: usize| weight[i * x.len()..(i + 1) * x.len()].iter().zip(x);
    (0..outputs)
        .map(|i| f64::from(bias[i]) + row(i).map(|(w, x)| f64::from(*w) * x).sum::<f64>())
        .collect()
}

fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < ROUNDING, "{found} is not {expected}");
    }
}

#[test]
fn a_saved_head_is_loaded_unchanged_and_computes_from_its_recipe() {
    let folder = Folder::saved();
    let head = folder.load(&folder.files()).unwrap();
    let mut saved = descriptor(&folder.parts.fingerprint);
    saved.weights_sha256 = sha256(&folder.files().weights);
    assert_eq!(*head.descriptor(), saved);
    assert_eq!(head.name(), "turn");
    assert_eq!(names_in(&folder.dir.path().join("turn")), ["head.json", "head.safetensors"]);

    let cases = Tiny::read(Tiny::SENTENCE).cases;
    let recipe = folder.parts.recipes.resolve(&head.descriptor().recipe).unwrap();
    let embeddings = rows(&folder.parts.model, &OutputSpec::Embedding(recipe), &cases);
    let logits = rows(&folder.parts.model, &OutputSpec::Logits(head.into()), &cases);
    for (embedding, logits) in embeddings.iter().zip(&logits) {
        let x: Vec<f64> = embedding.iter().map(|&x| f64::from(x)).collect();
        assert_close(logits, &by_hand(&x, LABELS.len()));
    }
}

fn names_in(dir: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn several_layers_are_read_in_the_order_of_their_numbers() {
    let folder = Folder::saved();
    // 10 comes after 2, although not as a string, and no number is in between.
    let tensors: Tensors = layer(2, 5, WIDTH).into_iter().chain(layer(10, 3, 5)).collect();
    let x: Vec<f32> = numbers(WIDTH).iter().map(|x| x * 2.0).collect();
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    let hidden = by_hand(&wide, 5);
    assert!(hidden.iter().any(|h| *h < 0.0));
    let forms: BTreeMap<&str, fn(f64) -> f64> = BTreeMap::from([
        ("identity", (|h| h) as fn(f64) -> f64),
        ("tanh", f64::tanh),
        ("relu", |h| h.max(0.0)),
        ("gelu", |h| h * 0.5 * (1.0 + libm::erf(h / 2.0_f64.sqrt()))),
    ]);
    for (name, form) in forms {
        let files = folder.with_weights(&tensors, |json| json["hidden_activation"] = name.into());
        let activated: Vec<f64> = hidden.iter().map(|h| form(*h)).collect();
        assert_close(&folder.load(&files).unwrap().logits(&x), &by_hand(&activated, 3));
    }
    folder.refused(
        &folder.with_weights(&tensors, |_| {}),
        &["several layers need hidden_activation"],
    );
}

#[test]
fn a_head_for_another_encoder_has_an_error_of_its_own() {
    let folder = Folder::saved();
    let error = folder.files().load(context(&folder.parts, "another")).expect_err("refused");
    assert!(matches!(error, HeadError::OtherEncoder { .. }));
    let message = error.to_string();
    assert!(
        message.contains(&folder.parts.fingerprint) && message.contains("another"),
        "{message}"
    );
}

#[test]
fn one_layer_may_be_named_as_pytorch_names_a_linear_layer() {
    let folder = Folder::saved();
    let plain = |tensors: Tensors| -> Tensors {
        let name = |name: String| name.strip_prefix("0.").map(str::to_owned).unwrap_or(name);
        tensors.into_iter().map(|(numbered, stored)| (name(numbered), stored)).collect()
    };
    let linear = folder.with_weights(&plain(one_layer(3, WIDTH)), |_| {});
    let numbered = folder.with_weights(&one_layer(3, WIDTH), |_| {});
    let row = numbers(WIDTH);
    let [a, b] = [linear, numbered].map(|files| folder.load(&files).unwrap().logits(&row));
    assert_eq!(a, b);
    let mixed = one_layer(3, WIDTH).into_iter().chain(plain(one_layer(3, WIDTH))).collect();
    let two = |json: &mut Value| json["hidden_activation"] = "tanh".into();
    folder.refused(
        &folder.with_weights(&mixed, two),
        &["both numbered and unnumbered weight and bias"],
    );
}

#[test]
fn weights_with_another_sha256_are_refused() {
    let folder = Folder::saved();
    let mut files = folder.files();
    *files.weights.last_mut().unwrap() ^= 1;
    let found = sha256(&files.weights);
    let said = sha256(&folder.files().weights);
    folder.refused(&files, &["head.safetensors has the SHA-256", &found, &said]);
}

#[test]
fn widths_that_do_not_fit_are_refused() {
    let folder = Folder::saved();
    let refused = |tensors: &Tensors, parts: &[&str]| {
        let two = |json: &mut Value| json["hidden_activation"] = "tanh".into();
        folder.refused(&folder.with_weights(tensors, two), parts);
    };
    refused(&one_layer(3, 31), &["layer 0 takes 31 columns; the recipe gives 32"]);
    refused(&one_layer(4, WIDTH), &["4 outputs for 3 labels"]);
    let two = layer(0, 5, WIDTH).into_iter().chain(layer(1, 3, 6)).collect();
    refused(&two, &["layer 1 takes 6 columns; the layer before it gives 5"]);
    let mut uneven = one_layer(3, WIDTH);
    uneven.insert("0.bias".to_owned(), Stored::f32(&[2], &[0.0; 2]));
    refused(&uneven, &["0.weight is [3, 32], 0.bias [2]"]);
    uneven.remove("0.bias");
    refused(&uneven, &["tensor \"0.bias\": found nothing; expected F32 of rank 1"]);
    refused(&Tensors::new(), &["outputs for 3 labels"]);
    let odd = Tensors::from([("dense.weight".to_owned(), Stored::f32(&[1], &[0.0]))]);
    refused(&odd, &["tensor \"dense.weight\"; expected 0.weight, 0.bias"]);
    let wider = folder.with_description(|json| json["recipe"] = "last-four-concat".into());
    folder.refused(&wider, &["layer 0 takes 32 columns; the recipe gives 96"]);
    let fewer = folder.with_description(|json| json["labels"] = json!(["left", "right"]));
    folder.refused(&fewer, &["3 outputs for 2 labels"]);
}

#[test]
fn non_finite_weights_are_refused() {
    let folder = Folder::saved();
    for number in [f32::NAN, f32::INFINITY] {
        let mut tensors = one_layer(3, WIDTH);
        let mut weight = numbers(3 * WIDTH);
        weight[40] = number;
        tensors.insert("0.weight".to_owned(), Stored::f32(&[3, WIDTH], &weight));
        let files = folder.with_weights(&tensors, |_| {});
        folder.refused(&files, &["tensor \"0.weight\": found a non-finite number"]);
    }
}

#[test]
fn an_invalid_description_is_refused() {
    let folder = Folder::saved();
    let edits: [(&str, Value, &str); 9] = [
        ("labels", json!([]), "labels is empty"),
        ("labels", json!(["left", "right", "left"]), "labels lists \"left\" twice"),
        ("temperature", json!(0.0), "temperature is 0; it must be above 0"),
        (
            "thresholds",
            json!([0.5, 0.5, 0.5]),
            "thresholds are only allowed with multi_label_classification",
        ),
        ("activation", json!("sparsemax"), "field \"activation\""),
        ("recipe", json!("unheard-of"), "no recipe is called \"unheard-of\""),
        ("recipe", json!({"layers": [-9]}), "layer -9 does not exist"),
        ("recipe", json!({"layres": [-1]}), "layres"),
        ("colour", json!("blue"), "colour"),
    ];
    for (field, value, message) in edits {
        let files = folder.with_description(|json| json[field] = value);
        folder.refused(&files, &["head.json: ", message]);
    }
    let mut files = folder.files();
    files.json.extend(b"{}");
    folder.refused(&files, &["head.json: not valid JSON: trailing characters"]);
    for (thresholds, message) in [
        (json!([0.5]), "1 thresholds for 3 labels"),
        (json!([0.5, 0.5, 1.5]), "not between 0 and 1"),
    ] {
        let files = folder.with_description(|json| {
            json["problem_type"] = "multi_label_classification".into();
            json["thresholds"] = thresholds;
        });
        folder.refused(&files, &[message]);
    }
    for name in ["", "a b", "../up", "checkpoint"] {
        let files = HeadFiles { name: name.to_owned(), ..folder.files() };
        folder.refused(&files, &[]);
    }
}
