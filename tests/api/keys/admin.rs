//! A port of its own for metrics and documentation.

use axum::body::Body;
use axum::http::Request;
use strata::http::Port;
use strata::http::auth::Auth;

use super::{KEY, auth, entry};
use crate::support::app::{TestApp, config};
use crate::support::process::Strata;
use crate::support::tiny;

const MOVED: [&str; 5] = ["/metrics", "/tei/metrics", "/docs/", "/openapi.yaml", "/openapi.json"];
const PROBES: [&str; 3] = ["/health", "/livez", "/readyz"];

async fn status(app: &TestApp, path: &str) -> u16 {
    app.get(path).await.status.as_u16()
}

#[tokio::test]
async fn metrics_and_documentation_are_on_one_port_and_the_api_on_the_other() {
    let config = config(tiny("sentence"));
    let clients = TestApp::starting_with(&config, Auth::none(), Port::Clients);
    let admin = TestApp::starting_with(&config, auth(&[entry("first", KEY, "")]), Port::Admin);
    for path in MOVED {
        assert_eq!(
            (status(&clients, path).await, status(&admin, path).await),
            (404, 200),
            "{path}"
        );
    }
    for path in PROBES {
        let answers = (status(&clients, path).await, status(&admin, path).await);
        assert_eq!(answers.0, answers.1, "{path}");
        assert_ne!(answers.0, 404, "{path}");
    }
    for path in ["/info", "/embed", "/v1/models"] {
        assert_ne!(status(&clients, path).await, 404, "{path}");
        assert_eq!(status(&admin, path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_there() {
    let mut config = config(tiny("sentence"));
    config.http.cors_origins = vec!["*".to_owned()];
    let admin = TestApp::starting_with(&config, Auth::none(), Port::Admin);
    let request = Request::get("/metrics").header("origin", "https://example.org");
    let answer = admin.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn the_second_port_is_served_from_the_start_to_the_end() {
    let server = Strata::serve("sentence").env("STRATA_ADMIN_ADDRESS", "127.0.0.1:0");
    // Longer than the test lasts: a second signal ends it.
    let mut running = server.env("STRATA_HTTP_STOP_DELAY_MS", "600000").start();
    let log = running.until_logged("ready");
    let (_, rest) = log.split_once("metrics and docs are served here").unwrap();
    let address = rest.lines().next().unwrap().split("address=").nth(1).unwrap().trim();
    let get = async |path: &str| {
        let url = format!("http://{address}{path}");
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    assert_eq!((get("/metrics").await, get("/readyz").await), (200, 200));
    running.terminate();
    running.until_logged("stopping");
    assert_eq!((get("/metrics").await, get("/readyz").await), (200, 503));
    running.signal("INT");
    let (status, _, log) = running.wait();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[test]
fn an_address_that_cannot_be_used_is_refused() {
    let said = |address: &str| {
        let output = Strata::serve("sentence").env("STRATA_ADMIN_ADDRESS", address).output();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = said("9100");
    assert_eq!(code, Some(2));
    assert!(
        error.contains("admin_address = \"9100\" (from STRATA_ADMIN_ADDRESS): must be"),
        "{error}"
    );
    let same = Strata::new(&["serve", "--port", "9100"]);
    let output = same.env("STRATA_ADMIN_ADDRESS", "127.0.0.1:9100").output();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("must differ from host and port"), "{error}");
    let (code, error) = said("192.0.2.1:9100");
    assert_eq!(code, Some(1));
    assert!(error.contains("192.0.2.1:9100 can't be listened on"), "{error}");
    assert!(error.contains("is allowed with admin_address"), "{error}");
}
