//! The real binary: how it stops, and that its log has no input text.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::process::{Running, Strata};
use crate::support::server::parse;

/// Sends the headers of a request, and waits until the server is ready to read its body.
fn send_headers(running: &Running, body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(running.address()).unwrap();
    let head = format!(
        "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    stream.read_line(&mut line).unwrap();
    stream
}

#[test]
fn sigterm_finishes_the_requests_in_flight_and_exits_0() {
    let mut running = Strata::serve("sentence").start();
    let body = json!({"inputs": ["a", "a film"]}).to_string();
    let mut open: Vec<_> = (0..3).map(|_| send_headers(&running, &body)).collect();
    running.terminate();
    running.until_logged("stopping");
    for stream in &mut open {
        stream.get_mut().write_all(body.as_bytes()).unwrap();
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        let answer = parse(&read).ok();
        assert_eq!(answer["embeddings"].as_array().unwrap().len(), 2);
    }
    let (status, printed, log) = running.wait();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(printed, "", "more than the ready line on stdout");
}

#[test]
fn a_request_that_does_not_end_gets_a_503_after_the_grace_period() {
    let mut running = Strata::serve("sentence").env("STRATA_HTTP_GRACE_MS", "50").start();
    let mut open = send_headers(&running, &json!({"inputs": "a"}).to_string());
    running.terminate();
    running.until_logged("stopping");
    let mut read = Vec::new();
    open.read_to_end(&mut read).unwrap();
    parse(&read).problem(503, "draining", None);
    let (status, _, log) = running.wait();
    assert_eq!(status.code(), Some(3), "{log}");
    assert!(log.contains("1 requests were not finished"), "{log}");
}

#[test]
fn a_second_signal_stops_at_once() {
    for (first, second) in [("TERM", "TERM"), ("INT", "INT"), ("TERM", "INT")] {
        let mut running = Strata::serve("sentence")
            .env("STRATA_HTTP_STOP_DELAY_MS", "600000")
            .env("STRATA_HTTP_GRACE_MS", "600000")
            .start();
        let mut open = send_headers(&running, &json!({"inputs": "a"}).to_string());
        running.signal(first);
        running.until_logged("stopping");
        running.signal(second);
        let mut read = Vec::new();
        open.read_to_end(&mut read).unwrap();
        parse(&read).problem(503, "draining", None);
        assert_eq!(running.wait().0.code(), Some(3));
    }
}

#[test]
fn sigint_does_not_wait_for_balancers_and_an_idle_server_stops_at_once() {
    let running = Strata::serve("sentence")
        .env("STRATA_HTTP_STOP_DELAY_MS", "600000")
        .env("STRATA_HTTP_GRACE_MS", "600000")
        .start();
    // A connection over which nothing was sent doesn't delay the stop.
    let _idle = TcpStream::connect(running.address()).unwrap();
    running.signal("INT");
    assert_eq!(running.wait().0.code(), Some(0));
}

#[tokio::test]
async fn the_log_never_contains_text_of_a_request() {
    const SECRET: &str = "xylophonic";
    let running = Strata::serve("single-label")
        .env("STRATA_LOG_FILTER", "trace")
        .env("STRATA_LOG_FORMAT", "json")
        .start();
    let client = reqwest::Client::new();
    let post = async |path: &str, body: String| {
        let request = client.post(running.url(path)).header("content-type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    };
    let long = format!("{SECRET} ").repeat(40);
    for (path, body, status) in [
        ("/embed", json!({"inputs": SECRET}).to_string(), 200),
        (
            "/classify",
            json!({"inputs": [{"text": "a", "pair": SECRET}], "prompt": SECRET}).to_string(),
            200,
        ),
        ("/embed", json!({"inputs": long, "long_text": "error"}).to_string(), 422),
        ("/embed", json!({"inputs": "a", "recipe": SECRET}).to_string(), 422),
        ("/embed", json!({"inputs": "a", "dimensions": SECRET}).to_string(), 400),
        ("/embed", json!({"inputs": "a", SECRET: 1}).to_string(), 400),
        ("/embed", SECRET.to_owned(), 400),
        ("/classify", json!({"inputs": "a", "heads": [SECRET]}).to_string(), 422),
        ("/xylophonic", json!({}).to_string(), 404),
        ("/embed?text=xylophonic", json!({"inputs": "a"}).to_string(), 200),
    ] {
        assert_eq!(post(path, body).await, status, "{path}");
    }
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    assert!(!log.to_lowercase().contains(SECRET), "{log}");
    // Each request has one line, with id, route, status and times.
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<_> = lines.iter().filter(|line| line["message"] == "request").collect();
    assert_eq!(requests.len(), 10, "{log}");
    for line in requests {
        assert_eq!(line["request_id"].as_str().unwrap().len(), 36);
        assert!(
            ["/embed", "/classify", "none"].contains(&line["route"].as_str().unwrap()),
            "{line}"
        );
        assert!(line["status"].is_u64() && line["total_ms"].is_f64(), "{line}");
    }
}
