//! A log that can't be written, with the real binary: requests are answered, and the server stops.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::tiny;

/// So many that their lines fill a pipe (64 KiB) and the queue behind it (1 MiB).
const REQUESTS: usize = 3_000;
/// Long ids fill the pipe sooner.
const ID: &str = "an-id-of-a-request-that-is-as-long-as-the-server-accepts-so-that-the-lines-of-the-log-\
                  are-long-and-the-pipe-is-soon-full-000000000";
const GRACE: Duration = Duration::from_secs(8);

fn serve() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    let model = tiny("sentence");
    command.args(["serve", "--port", "0", "--model", model.to_str().unwrap()]).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The address in the ready line.
fn address(child: &mut Child) -> String {
    let mut ready = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    ready.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned()
}

/// Sends requests over one connection; the number of responses with status 200.
fn post(address: &str, count: usize) -> usize {
    let body = json!({"inputs": "a film", "dimensions": 1}).to_string();
    let request = format!(
        "POST /embed HTTP/1.1\r\nhost: a\r\nx-request-id: {ID}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = BufReader::new(TcpStream::connect(address).unwrap());
    stream.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answered = 0;
    for _ in 0..count {
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        let mut status = String::new();
        stream.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        stream.read_exact(&mut vec![0; length]).unwrap();
        answered += usize::from(status.starts_with("HTTP/1.1 200 "));
    }
    answered
}

/// Sends SIGTERM; the exit code, and whether the process ended within its grace.
fn stop(mut child: Child) -> (Option<i32>, bool) {
    let asked = Instant::now();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = child.wait().unwrap();
    (status.code(), asked.elapsed() < GRACE)
}

#[test]
fn a_log_that_is_not_read_any_more_costs_no_request_and_the_server_stops() {
    let mut child = serve().spawn().unwrap();
    let address = address(&mut child);
    assert_eq!(post(&address, REQUESTS), REQUESTS);
    // It is piped and never read.
    assert!(child.stderr.is_some());
    assert_eq!(stop(child), (Some(0), true));
}

#[test]
fn a_log_whose_reader_has_gone_costs_no_request_and_the_server_stops() {
    let mut child = serve().spawn().unwrap();
    let address = address(&mut child);
    drop(child.stderr.take());
    assert_eq!(post(&address, REQUESTS), REQUESTS);
    assert_eq!(stop(child), (Some(0), true));
}

#[test]
fn a_log_on_a_full_disk_costs_no_request_and_the_server_stops() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = serve().stderr(full).spawn().unwrap();
    let address = address(&mut child);
    assert_eq!(post(&address, REQUESTS), REQUESTS);
    assert_eq!(stop(child), (Some(0), true));
}

#[test]
fn without_standard_output_the_server_serves_and_its_log_has_the_address() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut child = serve().env("STRATA_LOG_FORMAT", "json").stdout(full).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let loaded = lines.find(|line| line["message"] == "the model is loaded").unwrap();
    for field in ["model", "fingerprint", "encoder", "numerics", "sequence_tokens"] {
        assert!(!loaded[field].is_null(), "{field}: {loaded}");
    }
    let ready = lines.find(|line| line["message"] == "ready").unwrap();
    for field in ["version", "models", "threads", "queue_tokens", "body_bytes"] {
        assert!(!ready[field].is_null(), "{field}: {ready}");
    }
    let warning = lines.next().unwrap();
    assert!(warning["message"].as_str().unwrap().contains("standard output"), "{warning}");
    assert_eq!(post(ready["address"].as_str().unwrap(), 1), 1);
    assert_eq!(stop(child), (Some(0), true));
}

#[test]
fn lines_that_were_lost_are_counted_in_the_log_once_it_is_read_again() {
    let mut child = serve().env("STRATA_LOG_FORMAT", "json").spawn().unwrap();
    let address = address(&mut child);
    let sent = 2 * REQUESTS;
    assert_eq!(post(&address, sent), sent);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let lost = loop {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        if line["message"] == "lines of the log were lost" {
            break line;
        }
    };
    assert!(lost["dropped"].as_u64().unwrap() > 0, "{lost}");
    assert_eq!(lost["failed"], 0, "{lost}");
    assert_eq!(stop(child), (Some(0), true));
}
