//! Head folders: `head.json` and `head.safetensors`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use strata::config::Config;
use strata::model::checkpoint::SentenceFiles;
use strata::model::checkpoint::fingerprint::sha256;
use strata::model::head::{Head, HeadContext, HeadError, HeadFiles, OutputActivation};
use strata::model::recipe::Shape;
use strata::model::recipe_book::RecipeBook;

use super::folder::{files, safetensors};

/// The fingerprint of the encoder that heads are for.
const FINGERPRINT: &str = "abc";

const HIDDEN: usize = 4;

static RECIPES: LazyLock<RecipeBook> = LazyLock::new(|| {
    let shape = Shape { layers: 2, hidden: HIDDEN };
    RecipeBook::new(shape, &SentenceFiles::default(), &BTreeMap::new()).unwrap()
});

/// Loads a head. One that is accepted decides for any row of its features, and is explained or not
/// explainable; a refusal names the head and one of its files.
pub fn run(data: &[u8]) {
    let mut files: BTreeMap<&str, Vec<u8>> = files(data).into_iter().collect();
    let weights = safetensors(files.remove(HeadFiles::WEIGHTS).unwrap_or_default());
    let json = files.remove(HeadFiles::JSON).unwrap_or_default();
    let files = HeadFiles {
        name: "fuzzed".to_owned(),
        origin: "corpus".to_owned(),
        json: with_sums(json, &weights),
        weights,
    };
    let encoder = Config::defaults().unwrap().encoder;
    match files.load(HeadContext { recipes: &RECIPES, fingerprint: FINGERPRINT, encoder }) {
        Ok(head) => check_head(&head),
        Err(error) => check_message(&error),
    }
}

/// The description with the SHA-256 of these weights if it says "sum".
fn with_sums(json: Vec<u8>, weights: &[u8]) -> Vec<u8> {
    let Ok(mut description) = serde_json::from_slice::<Value>(&json) else { return json };
    match description.get_mut("weights_sha256") {
        Some(sum) if sum == "sum" => {
            *sum = sha256(weights).into();
            description.to_string().into_bytes()
        }
        _ => json,
    }
}

fn check_head(head: &Head) {
    let labels = head.descriptor().labels.len();
    let logits = head.logits(&vec![0.25; head.recipe().dimensions]);
    assert_eq!(logits.len(), labels);
    for activation in [None, Some(OutputActivation::Softmax), Some(OutputActivation::Sigmoid)] {
        let decision = head.descriptor().decide(logits.clone(), activation, Some(3));
        let probabilities = decision.probabilities.as_ref();
        if let (Some(probabilities), true) = (probabilities, logits.iter().all(|z| z.is_finite())) {
            assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{probabilities:?}");
        }
        assert!(decision.top.is_some_and(|top| top.len() == labels.min(3)));
    }
    if let Ok(attribution) = head.token_attribution(HIDDEN) {
        assert_eq!(attribution.bias().len(), labels);
    }
}

fn check_message(error: &HeadError) {
    let message = error.to_string();
    assert!(message.starts_with("head \"fuzzed\" (corpus)"), "{message}");
    if matches!(error, HeadError::Broken { .. }) {
        let names_file = [HeadFiles::JSON, HeadFiles::WEIGHTS, "layer ", "outputs for"];
        assert!(names_file.iter().any(|part| message.contains(part)), "{message}");
    }
}
