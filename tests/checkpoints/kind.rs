//! A kind of checkpoints: each of its cases is loaded, asked, and judged.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use strata::app::load_only;
use strata::model::encoder::EncoderChoice;

use crate::case::{Asked, Expected, folder, read_kind};
use crate::compare::compare;
use crate::support::app::{TestApp, config};

const ENCODERS: [EncoderChoice; 2] = [EncoderChoice::Packed, EncoderChoice::Reference];

/// Judges all cases of a kind, and fails with what is wrong in each.
pub async fn judge(kind: &str) {
    let cases = read_kind(kind);
    assert!(cases.len() >= 3, "{kind} has too few cases");
    let mut wrong = Vec::new();
    let mut largest = 0.0_f64;
    for (name, case) in cases {
        let copy = case.write();
        for encoder in ENCODERS {
            match judge_case(copy.path(), encoder, &case.expected).await {
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
    let (loaded, asked) = match (load_only(&config), expected) {
        (Ok(loaded), Expected::Requests(asked)) => (loaded, asked),
        (Ok(_), Expected::Refused(words)) => {
            return Err(format!("it is served, and should be refused with {words:?}"));
        }
        (Err(error), Expected::Requests(_)) => return Err(format!("it is refused: {error}")),
        (Err(error), Expected::Refused(words)) => {
            let said = error.to_string();
            let missing: Vec<_> = words.iter().filter(|word| !said.contains(*word)).collect();
            return if missing.is_empty() {
                Ok(0.0)
            } else {
                Err(format!("it is refused without {missing:?}: {said}"))
            };
        }
    };
    let app = TestApp::starting(&config);
    app.state.ready(loaded.service);
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

#[test]
fn every_kind_is_judged_by_a_test() {
    let tests =
        [include_str!("configs.rs"), include_str!("sentences.rs"), include_str!("tokenizers.rs")];
    let tests = tests.concat();
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let kinds: Vec<_> = files.filter(|path| path.extension().is_some()).collect();
    assert!(kinds.len() > 20, "{kinds:?}");
    for kind in kinds {
        let call = format!("judge(\"{}\")", kind.file_stem().unwrap().display());
        assert_eq!(tests.matches(&call).count(), 1, "{call}");
    }
}
