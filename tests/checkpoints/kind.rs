//! A kind of checkpoints: each of its cases is loaded, asked, and judged.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use strata::app::load;
use strata::model::encoder::EncoderChoice;

use crate::compare::compare;
use crate::support::app::{TestApp, config};
use crate::support::root;

const ENCODERS: [EncoderChoice; 2] = [EncoderChoice::Packed, EncoderChoice::Reference];

/// What is expected of a case.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    /// A message with all of these words.
    Refused { refused: Vec<String> },
    /// The right answers.
    Served(Vec<Asked>),
}

/// A request and its answer.
#[derive(Deserialize)]
struct Asked {
    path: String,
    body: Value,
    expect: Value,
}

/// Judges all cases of a kind, and fails with what is wrong in each.
pub async fn judge(kind: &str) {
    let folder = root().join("tests/fixtures/checkpoints").join(kind);
    let text = fs::read_to_string(folder.join("expected.json")).unwrap();
    let mut file: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let variants: Map<String, Value> = serde_json::from_value(file["variants"].take()).unwrap();
    assert!(variants.len() >= 3, "{kind} has too few cases");
    let mut wrong = Vec::new();
    let mut largest = 0.0_f64;
    for (name, expected) in variants {
        let expected: Expected = serde_json::from_value(expected).unwrap();
        for encoder in ENCODERS {
            match judge_case(&folder.join(&name), encoder, &expected).await {
                Ok(difference) => largest = largest.max(difference),
                Err(said) => wrong.push(format!("{name}, {encoder:?}: {said}")),
            }
        }
    }
    println!("{kind}: largest difference {largest:.2e}");
    assert!(wrong.is_empty(), "{kind}:\n{}", wrong.join("\n"));
}

/// The largest difference, or what is wrong.
async fn judge_case(
    folder: &Path,
    encoder: EncoderChoice,
    expected: &Expected,
) -> Result<f64, String> {
    let mut config = config(folder.to_owned());
    config.encoder.choice = encoder;
    let loaded = match (load(&config), expected) {
        (Ok(loaded), Expected::Served(_)) => loaded,
        (Ok(_), Expected::Refused { refused }) => {
            return Err(format!("it is served, and should be refused with {refused:?}"));
        }
        (Err(error), Expected::Served(_)) => return Err(format!("it is refused: {error}")),
        (Err(error), Expected::Refused { refused }) => {
            let said = error.to_string();
            let missing: Vec<_> = refused.iter().filter(|word| !said.contains(*word)).collect();
            return if missing.is_empty() {
                Ok(0.0)
            } else {
                Err(format!("it is refused without {missing:?}: {said}"))
            };
        }
    };
    let app = TestApp::starting(&config);
    app.state.ready(loaded.service);
    let Expected::Served(asked) = expected else { return Ok(0.0) };
    let mut largest = 0.0_f64;
    for Asked { path, body, expect } in asked {
        let answer = app.post(path, body.clone()).await;
        let status = u64::from(answer.status.as_u16());
        if expect["status"] != status {
            return Err(format!("{body}: status {status}: {}", answer.text()));
        }
        if answer.status != StatusCode::OK {
            let (code, pointer) = (expect["code"].as_str().unwrap(), expect["pointer"].as_str());
            answer.problem(answer.status.as_u16(), code, pointer);
        } else {
            let difference = compare(&answer.ok(), expect).map_err(|at| format!("{body}: {at}"))?;
            largest = largest.max(difference);
        }
    }
    Ok(largest)
}
