//! Embeddings as integers of 8 bits, as bits and as numpy's arrays.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::answer::{Answer, floats, from_base64_bytes, rows};
use crate::support::app::{TestApp, config};
use crate::support::process::Strata;
use crate::support::tiny;

const TEXTS: [&str; 4] = ["A film.", "A dull film.", "The film was very good.", "good"];

/// Writes a calibration of `TEXTS` with these flags, by the real command.
pub fn calibrate(folder: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let out = folder.join(name);
    let model = tiny("sentence");
    let fixed = ["calibrate", "--model", model.to_str().unwrap(), "--data", "texts.tsv", "--out"];
    let args = [&fixed[..], &[out.to_str().unwrap()], flags].concat();
    let output =
        Strata::new(&args).file("texts.tsv", &format!("text\n{}\n", TEXTS.join("\n"))).output();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(noted.contains("4 texts; the ranges of fewer than 100 are rough"), "{noted}");
    out
}

/// A server with calibrations of these flags.
fn calibrated(all: &[&[&str]]) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let files = all.iter().enumerate();
    let mut config = config(tiny("sentence"));
    config.calibrations =
        files.map(|(at, flags)| calibrate(folder.path(), &format!("{at}.json"), flags)).collect();
    (TestApp::new(&config), folder)
}

pub async fn embed(app: &TestApp, body: Value) -> Value {
    app.post("/embed", body).await.ok()
}

async fn npy(app: &TestApp, body: Value) -> Answer {
    let request = Request::post("/embed")
        .header("content-type", "application/json")
        .header("accept", "application/x-npy");
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn integers(row: &Value) -> Vec<i64> {
    row.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

/// The 256 steps of the range of some numbers, as sentence-transformers computes them in f32.
fn steps(numbers: &[f32]) -> Vec<i64> {
    let minimum = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    let maximum = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let size = (maximum - minimum) / 255.0;
    numbers.iter().map(|number| ((number - minimum) / size).floor() as i64).collect()
}

#[tokio::test]
async fn a_column_of_the_calibrated_texts_is_spread_over_the_steps_of_its_range() {
    let (app, _folder) = calibrated(&[&["--recipe", "last-four"]]);
    let body = |precision: &str| json!({"inputs": TEXTS, "precision": precision});
    let float = embed(&app, json!({"inputs": TEXTS})).await;
    let floats = rows(&float["embeddings"]);
    let uint8 = embed(&app, body("uint8")).await;
    let int8 = embed(&app, body("int8")).await;
    assert_eq!(uint8["dimensions"], float["dimensions"]);
    for column in 0..floats[0].len() {
        let of_column = |answer: &Value| -> Vec<i64> {
            let all = answer["embeddings"].as_array().unwrap();
            all.iter().map(|row| integers(row)[column]).collect()
        };
        let (unsigned, signed) = (of_column(&uint8), of_column(&int8));
        // A text has the same bits in every batch, so the ranges are those of these rows.
        let numbers: Vec<f32> = floats.iter().map(|row| row[column]).collect();
        assert_eq!(unsigned, steps(&numbers), "column {column}: {numbers:?}");
        for (unsigned, signed) in unsigned.iter().zip(signed) {
            assert_eq!(unsigned - 128, signed);
        }
    }
}

#[tokio::test]
async fn ranges_hold_for_their_recipe_columns_and_prompt_only() {
    let prompt = ["--recipe", "last-four", "--prompt", "query: "];
    let (app, _folder) = calibrated(&[&["--recipe", "last-four", "--dimensions", "3"], &prompt]);
    let with = |extra: Value| {
        let mut body = json!({"inputs": "a", "precision": "int8", "recipe": "last-four"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    for fits in [json!({"dimensions": 3}), json!({"prompt": "query: "})] {
        embed(&app, with(fits)).await;
    }
    for differs in [
        json!({}),
        json!({"dimensions": 2}),
        json!({"prompt": "query:"}),
        json!({"dimensions": 3, "prompt": "query: "}),
        json!({"dimensions": 3, "recipe": "native"}),
    ] {
        let answer = app.post("/embed", with(differs.clone())).await;
        let problem = answer.problem(422, "not_calibrated", Some("/precision"));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("int8 needs the range of each column"), "{differs}: {detail}");
    }
    let info = app.get("/info").await.ok();
    let listed = &info["calibrations"];
    assert_eq!(listed[0]["recipe"]["dimensions"], 3, "{listed}");
    assert_eq!(listed[1]["prompt"], "query: ");
    assert_eq!((&listed[0]["texts"], listed.as_array().unwrap().len()), (&json!(4), 2));
}

#[tokio::test]
async fn ranges_are_found_by_weights_that_have_many_digits_in_f64() {
    let weighted =
        json!({"layers": [0, 1, 2], "combine": "weighted", "weights": [0.567, 0.062, 0.438]});
    let (app, _folder) = calibrated(&[&["--recipe", &weighted.to_string()]]);
    embed(&app, json!({"inputs": "a", "precision": "int8", "recipe": weighted})).await;
}

#[tokio::test]
async fn bits_say_which_columns_are_above_zero() {
    let app = TestApp::tiny("sentence");
    let float = embed(&app, json!({"inputs": TEXTS[1]})).await;
    let row = floats(&float["embeddings"][0]);
    let ubinary = embed(&app, json!({"inputs": TEXTS[1], "precision": "ubinary"})).await;
    let bytes = integers(&ubinary["embeddings"][0]);
    assert_eq!(bytes.len(), row.len().div_ceil(8));
    for (column, number) in row.iter().enumerate() {
        let bit = bytes[column / 8] >> (7 - column % 8) & 1;
        assert_eq!(bit == 1, *number > 0.0, "column {column}: {number}");
    }
    let binary = embed(&app, json!({"inputs": TEXTS[1], "precision": "binary"})).await;
    let signed: Vec<i64> = bytes.iter().map(|byte| byte - 128).collect();
    assert_eq!(integers(&binary["embeddings"][0]), signed);
    let tokens = json!({"inputs": TEXTS[1], "precision": "ubinary", "tokens": true});
    let tokens = embed(&app, tokens).await;
    assert!(tokens["embeddings"][0].as_array().unwrap().len() > 2);
}

#[tokio::test]
async fn every_precision_can_be_had_in_base64() {
    let (app, _folder) = calibrated(&[&["--recipe", "last-four"]]);
    for precision in ["int8", "uint8", "binary", "ubinary"] {
        let body =
            |encoding: &str| json!({"inputs": TEXTS, "precision": precision, "encoding": encoding});
        let (lists, texts) = (embed(&app, body("float")).await, embed(&app, body("base64")).await);
        for (list, text) in lists["embeddings"]
            .as_array()
            .unwrap()
            .iter()
            .zip(texts["embeddings"].as_array().unwrap())
        {
            let bytes: Vec<u8> = integers(list).iter().map(|number| *number as u8).collect();
            assert_eq!(from_base64_bytes(text), bytes, "{precision}");
        }
    }
}

/// The header of an array, and its numbers as bytes.
fn array(answer: &Answer) -> (String, &[u8]) {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), "application/x-npy");
    answer.assert_observed();
    let (magic, rest) = answer.body.split_at(10);
    assert_eq!(&magic[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([magic[8], magic[9]]));
    let (header, numbers) = rest.split_at(length);
    (String::from_utf8(header.to_vec()).unwrap(), numbers)
}

#[tokio::test]
async fn an_array_has_the_numbers_of_the_json() {
    let (app, _folder) = calibrated(&[&["--recipe", "last-four"]]);
    let float = embed(&app, json!({"inputs": TEXTS})).await;
    let expected: Vec<u8> = rows(&float["embeddings"])
        .concat()
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    let width = float["dimensions"].as_u64().unwrap();
    let answer = npy(&app, json!({"inputs": TEXTS})).await;
    let (header, numbers) = array(&answer);
    assert!(header.contains(&format!("'<f4', 'fortran_order': False, 'shape': (4, {width})")));
    assert_eq!(numbers, expected);
    assert_eq!(answer.header("x-tokens"), float["usage"]["tokens"].to_string());
    assert_eq!(answer.header("x-truncated-inputs"), "0");
    for (precision, dtype) in
        [("int8", "|i1"), ("uint8", "|u1"), ("binary", "|i1"), ("ubinary", "|u1")]
    {
        let body = json!({"inputs": TEXTS, "precision": precision});
        let json = embed(&app, body.clone()).await;
        let all = json["embeddings"].as_array().unwrap();
        let expected: Vec<u8> = all.iter().flat_map(integers).map(|number| number as u8).collect();
        let answer = npy(&app, body).await;
        let (header, numbers) = array(&answer);
        assert!(header.contains(dtype), "{header}");
        assert_eq!(numbers, expected, "{precision}");
    }
}

#[tokio::test]
async fn an_array_of_tokens_is_of_one_input() {
    let app = TestApp::tiny("sentence");
    let long = vec!["good"; 2_000].join(" ");
    let answer = npy(&app, json!({"inputs": [long], "tokens": true})).await;
    let (header, _) = array(&answer);
    let tokens = answer.header("x-tokens");
    assert!(header.contains(&format!("'shape': ({tokens}, ")), "{header}");
    assert_eq!(answer.header("x-truncated-inputs"), "1");
    let two = npy(&app, json!({"inputs": ["a", "b"], "tokens": true})).await;
    let problem = two.problem(400, "invalid_header", None);
    assert!(problem["detail"].as_str().unwrap().contains("2 inputs"), "{problem}");
}

#[tokio::test]
async fn ranges_are_not_used_for_tokens() {
    let (app, _folder) = calibrated(&[&["--recipe", "last-four"]]);
    let body = json!({"inputs": "a", "precision": "int8", "tokens": true});
    app.post("/embed", body).await.problem(422, "not_calibrated", Some("/precision"));
}
