//! Keys, deadlines, admission and memory are those of HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, Version};
use strata::http::auth::Auth;
use strata::keys::{KeyEntry, KeyRing, Sha256Hash};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request};

use super::*;
use crate::support::app::{TestApp, at_least_one, config};
use crate::support::{tiny, until};

const KEY: &str = "strata_a-key-of-the-tests";

/// Calls whose clients left before they were answered.
const CANCELLED: &str = "strata_http_requests_cancelled_total{\
     route=\"/inference.GRPCInferenceService/ModelInfer\",method=\"POST\"}";

const ADMITTED: &str = "strata_batching_requests_admitted_total{model=\"single-label\"}";

/// No test waits this long for the server.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_call_needs_a_key_where_there_are_keys() {
    let sha256 = Sha256Hash::of_key(KEY.as_bytes()).to_hex();
    let entries = format!("[one]\nsha256 = '{sha256}'\nrequests_per_second = 0.001\n");
    let entries = KeyEntry::read_all(&entries, "keys.toml").unwrap();
    let ring = Arc::new(KeyRing::new(&entries, &KeyRing::default()));
    let app = TestApp::with_keys(&config(tiny(MODEL)), Auth::new(watch::channel(ring).1));
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let asked = |key: Option<&str>| {
        let mut asked = Request::new(request(&TEXTS));
        if let Some(key) = key {
            let value = format!("Bearer {key}").parse().unwrap();
            asked.metadata_mut().insert("authorization", value);
        }
        asked
    };
    for key in [None, Some("strata_another")] {
        let status = infer(&channel, asked(key)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    infer(&channel, asked(Some(KEY))).await.unwrap();
    let status = infer(&channel, asked(Some(KEY))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{}", status.message());
    assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
    // Those who only ask after health need none.
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_honoured_and_a_call_that_is_cancelled_leaves_the_queue() {
    let (app, mut stage) = TestApp::staged(&config(tiny(MODEL)));
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let first = {
        let channel = channel.clone();
        tokio::spawn(async move { infer(&channel, request(&["a"])).await })
    };
    stage.pass().await;
    // Below tonic's client, which would give up by itself.
    let message = request(&["a", "film"]).encode_to_vec();
    let body = [&[0], &(message.len() as u32).to_be_bytes()[..], &message].concat();
    let late = HttpRequest::post("http://a/inference.GRPCInferenceService/ModelInfer")
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc+proto")
        .header("grpc-timeout", "300m");
    let answer = timeout(PATIENCE, app.send(late.body(Body::from(body)).unwrap())).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("grpc-status")), (200, "4"));
    assert_eq!(answer.header("x-strata-code"), "deadline_exceeded");
    let cancelled = tokio::spawn(async move { infer(&channel, request(&["a", "film"])).await });
    let admitted = async || app.metric(ADMITTED).await == 3.0;
    timeout(PATIENCE, until(admitted)).await.unwrap();
    cancelled.abort();
    timeout(PATIENCE, until(async || app.metric(CANCELLED).await == 1.0)).await.unwrap();
    stage.open();
    first.await.unwrap().unwrap();
    assert_eq!(stage.try_pass(), None, "neither is computed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_room_or_no_model_is_unavailable() {
    let mut config = config(tiny(MODEL));
    config.batching.queue_tokens = at_least_one(24);
    let (app, mut stage) = TestApp::staged(&config);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let ask = || {
        let channel = channel.clone();
        let texts = ["good ".repeat(18); 1];
        tokio::spawn(async move { infer(&channel, request(&[&texts[0]])).await })
    };
    let first = ask();
    stage.pass().await;
    let second = ask();
    app.until_waiting(1).await;
    let status = ask().await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(stable_code(&status), "queue_full");
    assert!(status.metadata().contains_key("grpc-retry-pushback-ms"));
    stage.open();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    server.stop().await;
    let starting = TestApp::starting(&config);
    let server = TestServer::start(&starting).await;
    let status = infer(&connect(&server).await, request(&TEXTS)).await.unwrap_err();
    assert_eq!((status.code(), stable_code(&status)), (Code::Unavailable, "starting"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_has_its_limits_also_when_it_is_compressed() {
    let mut config = config(tiny(MODEL));
    config.http.body_bytes = at_least_one(50_000);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let large = "film ".repeat(20_000);
    let status = infer(&channel, request(&[&large])).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{}", status.message());
    let send = async |texts: &[&str], encoding| {
        let mut client = Grpc::new(channel.clone()).send_compressed(encoding);
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/inference.GRPCInferenceService/ModelInfer");
        let codec = ProstCodec::<ModelInferRequest, ModelInferResponse>::default();
        client.unary(Request::new(request(texts)), path, codec).await
    };
    let answer = send(&TEXTS, CompressionEncoding::Gzip).await.unwrap().into_inner();
    assert_eq!(answer.outputs, infer(&channel, request(&TEXTS)).await.unwrap().outputs);
    // A client that may compress doesn't where it gains nothing.
    let bare = |headers: &[(&'static str, &'static str)], body: &'static [u8]| {
        let request = HttpRequest::post("http://a/inference.GRPCInferenceService/ServerLive")
            .version(Version::HTTP_2)
            .header("content-type", "application/grpc");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(Body::from(body)).unwrap()
    };
    let plain = app.send(bare(&[("grpc-encoding", "gzip")], b"\0\0\0\0\0")).await;
    assert_eq!(plain.body[..], b"\0\0\0\0\x02\x08\x01"[..], "{plain:?}");
    let two = app.send(bare(&[], b"\0\0\0\0\0\0\0\0\0\0")).await;
    assert_eq!((two.header("grpc-status"), two.header("x-strata-code")), ("3", "invalid_message"));
    // A small message that grows.
    let status = send(&[&large], CompressionEncoding::Gzip).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{}", status.message());
    let status = send(&TEXTS, CompressionEncoding::Deflate).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{}", status.message());
    assert!(status.message().contains("\"deflate\"; only gzip is read"), "{}", status.message());
    timeout(PATIENCE, until(async || app.metric("strata_memory_used_bytes").await == 0.0))
        .await
        .unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_call_over_http_1_is_refused_and_so_is_one_of_another_content_type() {
    let app = TestApp::tiny(MODEL);
    let path = "/grpc.health.v1.Health/Watch";
    let old = HttpRequest::post(path).header("content-type", "application/grpc");
    let answer = app.send(old.body(Body::from(&b"\0\0\0\0\0"[..])).unwrap()).await;
    assert_eq!(
        (answer.header("grpc-status"), answer.header("x-strata-code")),
        ("3", "invalid_message")
    );
    assert!(answer.header("grpc-message").contains("gRPC needs HTTP/2"), "{answer:?}");
    let json = app.post_raw(path, "{}").await;
    json.problem(415, "unsupported_media_type", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_fields_are_charged_before_they_are_read() {
    let mut config = config(tiny(MODEL));
    config.http.memory_bytes = at_least_one(4_000_000);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let channel = connect(&server).await;
    let inputs = vec![InferInputTensor::default(); 50_000];
    let status =
        infer(&channel, ModelInferRequest { inputs, ..request(&TEXTS) }).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{}", status.message());
    infer(&channel, request(&TEXTS)).await.unwrap();
    timeout(PATIENCE, until(async || app.metric("strata_memory_used_bytes").await == 0.0))
        .await
        .unwrap();
    server.stop().await;
}
