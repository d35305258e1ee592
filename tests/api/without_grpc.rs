//! A build without the feature `grpc`: HTTP/1 alone, with the Open Inference Protocol in JSON.

use crate::support::app::TestApp;
use crate::support::server::{TestServer, read_to_end};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_2_has_its_connection_closed() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let read = read_to_end(server.begin(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).await;
    assert!(read.is_empty(), "{read:?}");
    server.stop().await;
}

#[tokio::test]
async fn the_open_inference_protocol_is_served_over_http_and_not_over_grpc() {
    let app = TestApp::tiny("sentence");
    assert_eq!(app.get("/v2/models/sentence").await.ok()["name"], "sentence");
    let path = "/inference.GRPCInferenceService/ServerLive";
    app.post_raw(path, "").await.problem(404, "not_found", None);
}
