//! The real binary: its output, its exit codes, and the settings that it refuses.

use std::net::TcpListener;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::app::config;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::process::Strata;
use crate::support::{default_model, root, tiny};

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Checks that it ended with `code` and a reason in the last line of stderr; returns that line.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("error: "), "{said}");
    last.to_owned()
}

/// As [`refused`], and checks that there is no other line.
#[track_caller]
fn refused_in_one_line(output: &Output, code: i32) -> String {
    assert_eq!(stderr(output).lines().count(), 1, "{}", stderr(output));
    refused(output, code)
}

async fn get(url: String) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[test]
fn the_curl_command_of_the_ready_line_works() {
    for (model, field) in [("sentence", "embeddings"), ("single-label", "results")] {
        let running = Strata::serve(model).start();
        assert_eq!(running.ready.matches('\n').count(), 1);
        let curl = running.ready.trim_end().strip_prefix("ready: ").unwrap();
        assert!(curl.starts_with("curl "), "{curl}");
        let output = Command::new("sh").args(["-c", curl]).output().unwrap();
        let missing = "this test needs curl";
        assert!(output.status.success(), "{missing}: {}", stderr(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer[field].as_array().unwrap().len(), 1, "{answer}");
    }
}

#[test]
fn a_port_in_use_is_one_line_and_exit_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let model = tiny("sentence");
    let output =
        Strata::new(&["serve", "--port", &port, "--model", model.to_str().unwrap()]).output();
    let said = refused_in_one_line(&output, 1);
    assert!(said.contains(&port) && said.contains("in use") && said.contains("--port"), "{said}");
}

#[test]
fn a_missing_model_is_exit_2_and_the_message_says_how_to_get_one() {
    let said = refused_in_one_line(&Strata::new(&["serve", "--port", "0"]).output(), 2);
    assert!(said.contains("models/all-MiniLM-L6-v2") && said.contains("make model"), "{said}");
    let said = refused(&Strata::new(&["serve", "--port", "0", "--model", "nowhere"]).output(), 2);
    assert!(said.contains("nowhere") && said.contains("safetensors"), "{said}");
}

#[test]
fn print_config_is_toml_with_the_origin_of_each_value() {
    let output = Strata::new(&["serve", "--print-config", "--port", "1234", "--heads", "mine"])
        .env("STRATA_HTTP_GRACE_MS", "1500")
        .file("config/strata.toml", "[limits]\ninputs = 7\n[recipes.first]\nlayers = [1]\n")
        .output();
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let parsed: toml::Table = printed.parse().unwrap();
    assert_eq!(parsed["port"].as_integer(), Some(1234));
    assert_eq!(parsed["http"]["grace_ms"].as_integer(), Some(1500));
    assert_eq!(parsed["limits"]["inputs"].as_integer(), Some(7));
    assert_eq!(parsed["recipes"]["first"]["layers"][0].as_integer(), Some(1));
    let origin = |setting: &str| {
        let line = printed.lines().find(|line| line.starts_with(setting)).unwrap();
        line.split_once("# from ").unwrap_or_else(|| panic!("no origin: {line}")).1
    };
    assert_eq!(origin("port = "), "--port");
    assert_eq!(origin("heads = "), "--heads");
    assert_eq!(origin("grace_ms = "), "STRATA_HTTP_GRACE_MS");
    assert_eq!(origin("inputs = "), "config/strata.toml");
    assert_eq!(origin("host = "), "default");
    // The output is a valid configuration file.
    let again =
        Strata::new(&["serve", "--print-config"]).file("config/strata.toml", &printed).output();
    assert!(again.status.success(), "{}", stderr(&again));
    let again: toml::Table = String::from_utf8(again.stdout).unwrap().parse().unwrap();
    assert_eq!(again, parsed);
}

#[test]
fn an_invalid_setting_is_refused_by_its_name() {
    let serve = || Strata::new(&["serve"]);
    for (strata, named) in [
        (serve().file("config/strata.toml", "[batching]\nbudget = 1\n"), "batching.budget"),
        (serve().file("config/strata.toml", "[limits]\ninputs = 0\n"), "limits.inputs"),
        (serve().file("config/strata.toml", "port = \"8080\"\n"), "port"),
        (serve().file("other.toml", "color = true\n").arg("--config").arg("other.toml"), "color"),
        (serve().arg("--config").arg("absent.toml"), "absent.toml"),
        (serve().env("STRATA_BATCHING_BUDGET", "1"), "STRATA_BATCHING_BUDGET"),
        (serve().env("STRATA_THREADS", "many"), "STRATA_THREADS"),
        (serve().env("STRATA_EMBED_RECIPE", "last-five"), "embed.recipe"),
        (serve().arg("--host").arg("localhost"), "--host"),
        (serve().arg("--encoder").arg("fast"), "packed, reference"),
        (serve().arg("--encoder").arg("reference").arg("--dtype").arg("int8"), "in f32"),
        (serve().env("STRATA_INSTRUCTION_SET", "neon"), "instruction_set"),
        (serve().env("STRATA_F32_PRODUCTS", "five"), "f32_products"),
    ] {
        let said = stderr(&strata.output());
        assert!(said.contains(named), "{named}: {said}");
    }
    let unknown = serve().file("config/strata.toml", "colour = 1\n").output();
    assert!(refused_in_one_line(&unknown, 2).contains("colour"));
}

#[test]
fn the_exit_code_of_strata_health_is_0_only_if_the_server_is_ready() {
    let running = Strata::serve("sentence").start();
    let port = running.address().rsplit(':').next().unwrap().to_owned();
    let health = |port: &str| Strata::new(&["health", "--port", port]).output();
    let output = health(&port);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(output.stdout, b"ready\n");
    // In a container, the port comes from the environment.
    let output = Strata::new(&["health"]).env("STRATA_PORT", &port).output();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // A proxy could not reach the server, which is on this machine.
    let proxied = Strata::new(&["health", "--port", &port]).env("HTTP_PROXY", "http://127.0.0.1:9");
    let output = proxied.env("http_proxy", "http://127.0.0.1:9").output();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    running.terminate();
    assert!(running.wait().0.success());
    assert!(refused(&health(&port), 1).contains("not ready"));
    assert_eq!(Strata::new(&["health", "--port", "x"]).output().status.code(), Some(2));
}

#[tokio::test]
async fn a_head_made_for_another_encoder_is_skipped_with_one_warning() {
    let judge = Judge::new(&config(tiny("sentence")));
    let mut head = TestHead::new(&judge, &json!("last-four"), &["a", "b"]);
    let folder = tempfile::tempdir().unwrap();
    head.save(folder.path(), "mine");
    head.descriptor.encoder = "0".repeat(64);
    head.save(folder.path(), "foreign");
    let heads = folder.path().to_str().unwrap();
    let running = Strata::serve("sentence").arg("--heads").arg(heads).start();
    assert!(running.ready.contains("/classify"), "{}", running.ready);
    let info = get(running.url("/info")).await;
    assert!(info["heads"]["mine"].is_object() && info["heads"]["foreign"].is_null(), "{info}");
    assert!(info["skipped_heads"]["foreign"].is_string(), "{info}");
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    let warnings = log.lines().filter(|line| line.contains("WARN") && line.contains("foreign"));
    assert_eq!(warnings.count(), 1, "{log}");
}

#[test]
fn a_configured_head_that_is_missing_is_exit_2() {
    let named = Strata::serve("sentence").env("STRATA_CLASSIFY_HEADS", "absent").output();
    assert!(refused(&named, 2).contains("\"absent\""));
}

#[test]
fn a_configured_head_that_was_made_for_another_encoder_is_exit_2() {
    let judge = Judge::new(&config(tiny("sentence")));
    let mut head = TestHead::new(&judge, &json!("last-four"), &["a", "b"]);
    head.descriptor.encoder = "0".repeat(64);
    let strata = Strata::serve("sentence")
        .env("STRATA_CLASSIFY_HEADS", "foreign")
        .arg("--heads")
        .arg("mine");
    head.save(&strata.folder().join("mine"), "foreign");
    let said = refused(&strata.output(), 2);
    assert!(said.contains("\"foreign\"") && said.contains("another encoder"), "{said}");
}

#[test]
fn the_contract_is_printed() {
    let output = Strata::new(&["openapi"]).output();
    assert!(output.status.success());
    assert!(output.stdout == std::fs::read(root().join("openapi.yaml")).unwrap());
}

#[tokio::test]
async fn candle_computes_with_the_configured_number_of_threads() {
    let model = default_model();
    // Enough work for candle to use all its threads.
    let body = json!({"inputs": vec!["a film ".repeat(30); 8]});
    for (wanted, helpers) in [("1", 0), ("3", 2)] {
        let strata = Strata::new(&["serve", "--port", "0", "--model", model.to_str().unwrap()]);
        let strata = strata.arg("--encoder").arg("reference");
        let running = strata.arg("--threads").arg(wanted).start();
        let sent = reqwest::Client::new().post(running.url("/embed")).json(&body).send().await;
        assert!(sent.unwrap().status().is_success());
        let threads = running.threads();
        let named = |prefix: &str| threads.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!(named("strata-compute").to_string(), wanted, "{threads:?}");
        assert_eq!(named("strata-forward"), 1, "{threads:?}");
        // candle's own threads; the forward thread computes too.
        assert_eq!(named("candle-bp"), helpers, "{threads:?}");
    }
}

#[tokio::test]
async fn the_packed_encoder_computes_only_in_its_own_pool() {
    let model = default_model();
    for wanted in ["1", "3"] {
        let strata = Strata::new(&["serve", "--port", "0", "--model", model.to_str().unwrap()]);
        let strata = strata.arg("--encoder").arg("packed");
        let running = strata.arg("--threads").arg(wanted).start();
        let body = json!({"inputs": vec!["a film ".repeat(30); 8]});
        let sent = reqwest::Client::new().post(running.url("/embed")).json(&body).send().await;
        assert!(sent.unwrap().status().is_success());
        let threads = running.threads();
        let named = |prefix: &str| threads.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!(named("strata-packed").to_string(), wanted, "{threads:?}");
        assert_eq!(named("strata-compute") + named("candle-bp"), 0, "{threads:?}");
    }
}
