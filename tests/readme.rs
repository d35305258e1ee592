//! Runs the README's examples: sends every curl command to the real binary and compares the response.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The README shows the numbers of one machine; the last digits may differ on another. The largest
/// difference seen is 0, on that machine.
const TOLERANCE: f64 = 1e-4;

/// Fields that differ in every response.
const UNIQUE: [&str; 1] = ["request_id"];

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server on a free port, and its address.
fn serve() -> (Server, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = child.stdout.take().expect("its output is piped");
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it prints a line");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
    (server, address.expect("the line has an address; `make model` brings the model").to_owned())
}

/// Each command in the README's console blocks, with the response that it shows.
fn examples() -> Vec<(&'static str, &'static str)> {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let example = |block: &'static str| block.strip_prefix("$ ")?.split_once('\n');
    blocks.map(|block| example(block).expect("a command and its response")).collect()
}

#[test]
fn every_response_in_the_readme_is_what_the_server_answers() {
    let (_server, address) = serve();
    let examples = examples();
    assert!(examples.len() >= 5, "only {} examples were found", examples.len());
    for (command, shown) in examples {
        let command = command.replace("localhost:8080", &address);
        let output = Command::new("sh").args(["-c", &command]).output().expect("sh and curl run");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("a response in JSON");
        let shown: Value = serde_json::from_str(shown).expect("the README shows JSON");
        assert_alike(&answer, &shown, &command);
    }
}

fn assert_alike(answer: &Value, shown: &Value, at: &str) {
    match (answer, shown) {
        (Value::Number(a), Value::Number(b)) => {
            let difference = (a.as_f64().unwrap() - b.as_f64().unwrap()).abs();
            assert!(difference <= TOLERANCE, "{at}: {a} for {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{at}");
            a.iter().zip(b).for_each(|(a, b)| assert_alike(a, b, at));
        }
        (Value::Object(a), Value::Object(b)) => {
            assert!(a.keys().eq(b.keys()), "{at}: {a:?} for {b:?}");
            let compared = a.iter().filter(|(key, _)| !UNIQUE.contains(&key.as_str()));
            compared.for_each(|(key, a)| assert_alike(a, &b[key], &format!("{at}: {key}")));
        }
        (a, b) => assert_eq!(a, b, "{at}"),
    }
}
