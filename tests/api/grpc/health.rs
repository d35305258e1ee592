//! `grpc.health.v1.Health`

use std::time::Duration;

use strata::http::connection::Stage;
use tokio::time::timeout;
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::{MODEL, connect};
use crate::support::app::{TestApp, at_least_one, config, service};
use crate::support::server::TestServer;
use crate::support::tiny;

/// No test waits this long for the server.
const PATIENCE: Duration = Duration::from_secs(20);

fn asked(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_each_model_can_be_checked() {
    let app = TestApp::starting(&config(tiny(MODEL)));
    let server = TestServer::start(&app).await;
    let mut client = HealthClient::new(connect(&server).await);
    let names = ["", "inference.GRPCInferenceService", "grpc.health.v1.Health", MODEL];
    for (loaded, expected) in [(false, ServingStatus::NotServing), (true, ServingStatus::Serving)] {
        if loaded {
            app.state.ready(service(&config(tiny(MODEL))));
        }
        for name in names {
            let status = client.check(asked(name)).await.unwrap().into_inner().status();
            assert_eq!(status, expected, "{name}");
        }
    }
    let unknown = client.check(asked("none")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_sees_each_change_until_the_server_closes() {
    let app = TestApp::starting(&config(tiny(MODEL)));
    let server = TestServer::start(&app).await;
    let mut client = HealthClient::new(connect(&server).await);
    let mut watched = client.watch(asked(MODEL)).await.unwrap().into_inner();
    let mut unknown = client.watch(asked("none")).await.unwrap().into_inner();
    let status = |message: Option<HealthCheckResponse>| message.map(|message| message.status());
    let mut next = async || status(timeout(PATIENCE, watched.message()).await.unwrap().unwrap());
    assert_eq!(next().await, Some(ServingStatus::NotServing));
    app.state.ready(service(&config(tiny(MODEL))));
    assert_eq!(next().await, Some(ServingStatus::Serving));
    let first = status(unknown.message().await.unwrap());
    assert_eq!(first, Some(ServingStatus::ServiceUnknown));
    app.state.drain();
    assert_eq!(next().await, Some(ServingStatus::NotServing));
    server.advance(Stage::Closing);
    assert_eq!(next().await, None);
    drop(client);
    timeout(PATIENCE, server.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_only_watches_keeps_nobody_out() {
    let mut config = config(tiny(MODEL));
    config.http.connections = at_least_one(1);
    config.http.idle_timeout = Duration::from_millis(200);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut client = HealthClient::new(connect(&server).await);
    let mut watched = client.watch(asked(MODEL)).await.unwrap().into_inner();
    watched.message().await.unwrap();
    // It isn't closed for being idle.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!((server.open.count(), server.open.idle(), server.open.busy()), (1, 1, 0));
    let mut other = HealthClient::new(connect(&server).await);
    other.check(asked("")).await.unwrap();
    // It ends without an answer to what it watched.
    timeout(PATIENCE, watched.message()).await.unwrap().unwrap_err();
    drop((client, other));
    server.stop().await;
}
