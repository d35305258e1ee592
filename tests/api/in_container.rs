//! The real binary as a container runs it: lines in JSON, and a health check that finds the server.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::{BINARY, Running, Strata};
use crate::support::tiny;

fn in_json(strata: Strata) -> Strata {
    strata.env("STRATA_LOG_FORMAT", "json")
}

/// Each line as JSON, with the fields that every line of the log has.
fn lines(text: &str) -> Vec<Value> {
    let parse = |line: &str| -> Value {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "no {field}: {line}");
        }
        line
    };
    text.lines().map(parse).collect()
}

/// The last line on standard error, after checking the exit code, and that standard output is empty.
#[track_caller]
fn fatal(output: &Output, code: i32) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty());
    let last = lines(&said).pop().unwrap();
    assert_eq!((&last["level"], &last["exit_code"]), (&"ERROR".into(), &code.into()), "{last}");
    last["message"].as_str().unwrap().to_owned()
}

#[test]
fn with_a_log_in_json_the_ready_line_and_all_others_are_json() {
    let running = in_json(Strata::serve("sentence")).start();
    let ready = lines(&running.ready).pop().unwrap();
    let address = ready["address"].as_str().unwrap();
    let message = ready["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("ready: curl -s http://{address}/embed ")), "{message}");
    running.terminate();
    let (status, printed, log) = running.wait();
    assert!(status.success() && printed.is_empty(), "{printed}");
    assert!(lines(&log).iter().any(|line| line["message"] == "stopping"), "{log}");
}

#[test]
fn with_a_log_in_json_the_error_that_ends_the_server_is_json() {
    let serve = |args: &[&str]| in_json(Strata::new(&[&["serve", "--port", "0"], args].concat()));
    let said = fatal(&serve(&[]).output(), 2);
    assert!(said.starts_with("models/all-MiniLM-L6-v2: no such folder"), "{said}");
    assert!(fatal(&serve(&["--model", "nowhere"]).output(), 2).contains("nowhere"));
    // Before the configuration is read, or if it can't be used.
    assert!(fatal(&serve(&["--prot", "1"]).output(), 2).contains("'--prot'"));
    assert!(fatal(&serve(&["--config", "absent.toml"]).output(), 2).contains("absent.toml"));
    assert!(
        fatal(&serve(&[]).env("STRATA_THREADS", "many").output(), 2).contains("STRATA_THREADS")
    );
    let refused = "[log]\nformat = \"json\"\n[limits]\ninputs = 0\n";
    let from_file = Strata::new(&["serve"]).file("config/strata.toml", refused);
    assert!(fatal(&from_file.output(), 2).contains("limits.inputs"));
}

#[test]
fn help_and_the_errors_of_other_commands_stay_text() {
    let help = in_json(Strata::new(&["serve", "--help"])).output();
    assert!(help.status.success() && help.stdout.starts_with(b"Serve a checkpoint"));
    for args in [["health", "--port", "x"], ["evaluate", "--head", "x"]] {
        let output = in_json(Strata::new(&args)).output();
        assert!(output.stderr.starts_with(b"error: "), "{args:?}");
    }
}

/// A copy of the binary: servers of other tests run from another executable.
fn copy() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("strata");
    fs::copy(BINARY, &binary).unwrap();
    (folder, binary)
}

fn port(running: &Running) -> String {
    running.address().rsplit(':').next().unwrap().to_owned()
}

#[test]
fn strata_health_asks_the_one_server_that_runs_wherever_it_listens() {
    let (_folder, binary) = copy();
    let model = tiny("sentence");
    let serve = || {
        let args = ["serve", "--port", "0", "--model", model.to_str().unwrap()];
        Strata::from_binary(&binary, &args).env("STRATA_HTTP_STOP_DELAY_MS", "0").start()
    };
    let health = |configured: &str| {
        let health = Strata::from_binary(&binary, &["health"]).env("STRATA_PORT", configured);
        let output = health.output();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let first = serve();
    let gone = port(&first);
    assert_eq!(health("1"), (Some(0), String::new()));
    // With two, the configured one is asked.
    let second = serve();
    assert_eq!(health(&port(&second)), (Some(0), String::new()));
    let (code, said) = health("1");
    assert!(code == Some(1) && said.contains("http://127.0.0.1:1/readyz"), "{said}");
    first.terminate();
    assert!(first.wait().0.success());
    assert_eq!(health(&gone), (Some(0), String::new()));
    // A flag says whom to ask.
    let asked = Strata::from_binary(&binary, &["health", "--port", &gone]).output();
    assert_eq!(asked.status.code(), Some(1));
}

#[test]
fn a_mistake_in_the_settings_file_leaves_a_server_that_runs_healthy() {
    let (_folder, binary) = copy();
    let args = ["serve", "--port", "0", "--model"];
    let model = tiny("sentence");
    let running = Strata::from_binary(&binary, &[&args[..], &[model.to_str().unwrap()]].concat());
    let running = running.env("STRATA_HTTP_STOP_DELAY_MS", "0").start();
    let health = || {
        let health = Strata::from_binary(&binary, &["health"]);
        let output = health.file("config/strata.toml", "prot = 1\n").output();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(health(), (Some(0), String::new()));
    running.terminate();
    assert!(running.wait().0.success());
    // Without a server, the address can't be known.
    let (code, said) = health();
    assert!(code == Some(2) && said.contains("unknown key prot"), "{said}");
}
