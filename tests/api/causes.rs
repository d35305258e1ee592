//! A response with status 500 says that the log has its cause under the request's id. Exactly one line
//! of the log has it, and no line quotes an input.

use std::fs;

use serde_json::{Value, json};
use strata::config::Config;

use crate::support::answer::Answer;
use crate::support::app::{TestApp, config};
use crate::support::judge::Judge;
use crate::support::log;
use crate::support::stage::Fault;
use crate::support::tiny;

/// The text of the requests that fail.
const TEXT: &str = "a xylophone?";

fn sentence() -> Config {
    config(tiny("sentence"))
}

/// A token id that only [`TEXT`] has.
fn marked(config: &Config) -> u32 {
    let sequence = Judge::new(config).sequence(TEXT, None);
    *sequence.ids.iter().rev().nth(1).unwrap()
}

/// The cause in the only line that has the id of a 500 and a cause.
#[track_caller]
fn logged_cause(answer: &Answer) -> String {
    answer.problem(500, "internal", None);
    assert!(!log::text().contains("xylophone"), "{}", log::text());
    let lines = log::lines_of_request(answer.header("x-request-id"));
    let with_cause: Vec<&Value> = lines.iter().filter(|line| !line["cause"].is_null()).collect();
    let [line] = with_cause[..] else { panic!("not one line with a cause: {lines:?}") };
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["status"], 500);
    assert_eq!(line["code"], "internal");
    assert_eq!(line["route"], "/embed");
    line["cause"].as_str().unwrap().to_owned()
}

/// Sends `texts`, one request each, that share a pass; their answers.
async fn in_one_pass(config: &Config, fault: Fault, texts: &[&'static str]) -> Vec<Answer> {
    let (app, mut stage) = TestApp::staged(config);
    stage.fault(fault);
    let send = |text: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.post("/embed", json!({"inputs": text})).await })
    };
    let first = send("a film");
    stage.pass().await;
    let sent: Vec<_> = texts.iter().copied().map(send).collect();
    app.until_waiting(texts.len()).await;
    stage.open();
    first.await.unwrap().ok();
    let mut answers = Vec::new();
    for answer in sent {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn the_cause_of_a_failed_pass_is_logged_once_under_the_requests_id() {
    log::collect();
    let (app, stage) = TestApp::staged(&sentence());
    stage.fault(Fault::Broken);
    stage.open();
    let answer = app.post("/embed", json!({"inputs": TEXT})).await;
    let cause = logged_cause(&answer);
    assert_eq!(cause, "sequence 0 could not be computed: the injected error");
    assert!(!answer.text().contains("injected"), "{}", answer.text());
    assert_eq!(log::lines_of_request(answer.header("x-request-id")).len(), 1);
}

#[tokio::test]
async fn a_failing_sequence_of_a_pass_has_its_own_cause_logged_once() {
    log::collect();
    let config = sentence();
    let id = marked(&config);
    let answers = in_one_pass(&config, Fault::ErrorOn(id), &["a good film", TEXT]).await;
    answers[0].ok();
    let cause = logged_cause(&answers[1]);
    assert_eq!(cause, format!("sequence 0 could not be computed: the error of {id}"));
    // Each request of the pass has a line that says that the pass was retried, without a cause.
    for answer in &answers {
        let lines = log::lines_of_request(answer.header("x-request-id"));
        let retried: Vec<_> = lines.iter().filter(|line| line["level"] == "WARN").collect();
        assert_eq!(retried.len(), 1, "{lines:?}");
        assert_eq!((&retried[0]["sequences"], &retried[0]["failed"]), (&json!(2), &json!(1)));
        assert!(retried[0]["cause"].is_null(), "{lines:?}");
    }
}

#[tokio::test]
async fn the_cause_of_a_failed_pass_is_a_warning_if_all_its_sequences_succeed_alone() {
    log::collect();
    let texts = ["a good film", "a very good film"];
    for answer in in_one_pass(&sentence(), Fault::ErrorOnSeveral, &texts).await {
        answer.ok();
        let lines = log::lines_of_request(answer.header("x-request-id"));
        let causes: Vec<_> = lines.iter().filter(|line| !line["cause"].is_null()).collect();
        assert_eq!(causes.len(), 1, "{lines:?}");
        assert_eq!(causes[0]["cause"], "the error of several");
        assert_eq!(causes[0]["level"], "WARN");
    }
}

#[tokio::test]
async fn a_panic_in_the_tokenizer_is_logged_once_without_the_text() {
    log::collect();
    let model = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(tiny("single-label").join(file), model.path().join(file)).unwrap();
    }
    // This class reads all of tokenizer.json.
    let class = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
    fs::write(model.path().join("tokenizer_config.json"), class.to_string()).unwrap();
    // The tokenizers crate panics where a pattern matches nothing in front of lower-casing.
    let tokenizer = fs::read_to_string(tiny("single-label").join("tokenizer.json")).unwrap();
    let mut tokenizer: Value = serde_json::from_str(&tokenizer).unwrap();
    let nothing = json!({"type": "Replace", "pattern": {"Regex": "(语)*"}, "content": "a"});
    let steps = json!({"type": "Sequence", "normalizers": [nothing, {"type": "Lowercase"}]});
    tokenizer["normalizer"] = steps;
    fs::write(model.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let app = TestApp::new(&config(model.path().to_owned()));
    let body = json!({"inputs": format!("{TEXT} 語"), "recipe": "native"});
    let answer = app.post("/embed", body).await;
    let cause = logged_cause(&answer);
    assert!(cause.contains("panicked at") && cause.contains("normalizer.rs"), "{cause}");
}

#[tokio::test]
async fn a_panic_in_the_engine_is_logged_once_with_its_place_and_without_its_message() {
    log::collect();
    let config = sentence();
    let fault = Fault::PanicOn(marked(&config));
    for neighbours in [&[TEXT][..], &[TEXT, "a good film"]] {
        let answers = in_one_pass(&config, fault, neighbours).await;
        let cause = logged_cause(&answers[0]);
        let place = "could not be computed: the engine panicked at tests/api/support/stage.rs:";
        assert!(cause.contains(place), "{cause}");
    }
    assert!(!log::text().contains("the injected message"), "{}", log::text());
}
