//! Heads of requests that are refused, by us or by hyper.

use strata::http::connection::Stage;

use crate::support::app::TestApp;
use crate::support::server::TestServer;

const PROBLEM: &str = "application/problem+json";

async fn counted(app: &TestApp, code: &str, status: u16) -> bool {
    let text = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
    let (code, status) = (format!("code=\"{code}\""), format!("status=\"{status}\""));
    text.lines().any(|line| {
        line.starts_with("strata_http_requests_total{")
            && line.contains(&code)
            && line.contains(&status)
            && line.ends_with(" 1")
    })
}

#[tokio::test]
async fn http_1_1_needs_exactly_one_host_and_http_1_0_none() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let get = async |version: &str, headers: &str| {
        let request = format!("GET /livez HTTP/{version}\r\nconnection: close\r\n{headers}\r\n");
        server.exchange(request.as_bytes()).await
    };
    assert_eq!(get("1.1", "host: a\r\n").await.status, 200);
    assert_eq!(get("1.0", "").await.status, 200);
    for (version, headers) in [("1.1", ""), ("1.1", "host: a\r\nhost: a\r\n")] {
        let answer = get(version, headers).await;
        assert_eq!(answer.headers["content-type"], PROBLEM);
        assert!(answer.headers.contains_key("x-request-id"));
        answer.problem(400, "invalid_header", None);
    }
    get("1.0", "host: a\r\nhost: b\r\n").await.problem(400, "invalid_header", None);
    server.stop().await;
}

#[tokio::test]
async fn what_is_slightly_too_large_is_refused_with_an_id_and_a_body() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let path = "a".repeat(8 * 1024);
    let headers: String = (0..120).map(|at| format!("x-{at}: a\r\n")).collect();
    for (request, status, code) in [
        (format!("GET /{path} HTTP/1.1\r\nhost: a\r\n"), 414, "uri_too_long"),
        (format!("GET /livez?{path} HTTP/1.1\r\nhost: a\r\n"), 414, "uri_too_long"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}"), 431, "headers_too_large"),
        (format!("GET / HTTP/1.1\r\nhost: a\r\nx: {path}{path}\r\n"), 431, "headers_too_large"),
    ] {
        let request = format!("{request}connection: close\r\n\r\n");
        let answer = server.exchange(request.as_bytes()).await;
        assert!(answer.headers.contains_key("x-request-id"));
        answer.problem(status, code, None);
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_of_hyper_are_counted_with_a_code() {
    let long = "a".repeat(60_000);
    // hyper looks at the length of the address before that of the whole head.
    let address = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(65_600));
    let large = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\ny: {long}\r\n\r\n");
    for (bytes, statuses, codes) in [
        ("nonsense\r\n\r\n".to_owned(), &[400][..], &["malformed_request"][..]),
        (
            "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"
                .to_owned(),
            &[400],
            &["malformed_request"],
        ),
        (large, &[431], &["headers_too_large"]),
        // Which of the two depends on how the bytes arrive.
        (address, &[414, 431], &["uri_too_long", "headers_too_large"]),
    ] {
        let app = TestApp::tiny("sentence");
        let server = TestServer::start(&app).await;
        let answer = server.exchange(bytes.as_bytes()).await;
        let at = statuses.iter().position(|status| *status == answer.status.as_u16()).unwrap();
        server.advance(Stage::Closing);
        server.stop().await;
        assert!(counted(&app, codes[at], statuses[at]).await, "{}", codes[at]);
    }
}
