//! A whole server without a port.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, header};
use serde_json::Value;
use strata::app::{Common, Loaded, announced, batcher_options, load};
use strata::batching::{Batcher, BatchingMetrics, Metrics, PassCost, Turns};
use strata::config::{Config, ServedModel};
use strata::http::auth::Auth;
use strata::http::models::Models;
use strata::http::service::Service;
use strata::http::state::AppState;
use strata::http::{Port, router};
use strata::model::output::PassOutput;
use strata::model::task::Task;
use strata::telemetry::traces::Traces;
use tower::ServiceExt;

use super::answer::Answer;
use super::stage::{Stage, blocking_engine};
use super::{tiny, until};

/// Everything that `strata serve` builds, except the listener.
#[derive(Clone)]
pub struct TestApp {
    pub state: AppState,
    router: Router,
}

/// The defaults, for another model.
pub fn config(model: PathBuf) -> Config {
    let mut config = Config::defaults().unwrap();
    config.model = model;
    config
}

pub fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

/// The service of a configuration, for tests that change a part of it.
#[track_caller]
pub fn service(config: &Config) -> Service {
    counted_service(config, BatchingMetrics::default())
}

/// The same, whose batcher counts in these metrics.
#[track_caller]
fn counted_service(config: &Config, metrics: BatchingMetrics) -> Service {
    let common = Common::start(config.encoder.threads, metrics).unwrap();
    let model = ServedModel::only(config.clone());
    let Loaded { service, .. } = load(&model, &common).unwrap_or_else(|error| panic!("{error}"));
    service
}

impl TestApp {
    /// A tiny checkpoint with the default settings.
    pub fn tiny(name: &str) -> Self {
        Self::new(&config(tiny(name)))
    }

    #[track_caller]
    pub fn new(config: &Config) -> Self {
        let app = Self::starting(config);
        app.state.ready(counted_service(config, app.state.batching().clone()));
        app
    }

    /// A server that has loaded nothing yet.
    pub fn starting(config: &Config) -> Self {
        Self::starting_with(config, Auth::none(), Port::Only)
    }

    /// The same, with keys, and with the routes of a port.
    pub fn starting_with(config: &Config, auth: Auth, port: Port) -> Self {
        Self::starting_traced(config, auth, port, Traces::default())
    }

    fn starting_traced(config: &Config, auth: Auth, port: Port, traces: Traces) -> Self {
        let models = Models::new([announced(&ServedModel::only(config.clone())).unwrap()]);
        let state = AppState::starting(config.http.clone(), auth, traces, models);
        Self { router: router(state.clone(), port), state }
    }

    /// A server whose requests need one of the keys of `auth`.
    #[track_caller]
    pub fn with_keys(config: &Config, auth: Auth) -> Self {
        let app = Self::starting_with(config, auth, Port::Only);
        app.state.ready(counted_service(config, app.state.batching().clone()));
        app
    }

    /// A server whose engine is a stand-in that waits for the test; everything else is real.
    pub fn staged(config: &Config) -> (Self, Stage) {
        Self::staged_with(config, Auth::none())
    }

    /// The same, with keys.
    pub fn staged_with(config: &Config, auth: Auth) -> (Self, Stage) {
        Self::starting_with(config, auth, Port::Only).on_stage(config)
    }

    /// The same, recorded in `traces`.
    #[cfg(feature = "otlp")]
    pub fn staged_and_traced(config: &Config, traces: Traces) -> (Self, Stage) {
        Self::starting_traced(config, Auth::none(), Port::Only, traces).on_stage(config)
    }

    fn on_stage(self, config: &Config) -> (Self, Stage) {
        let (engine, stage) = blocking_engine();
        let mut service = service(config);
        let options = batcher_options(config, true, PassCost::ASSUMED);
        let (batcher, _worker) =
            Batcher::start(Arc::new(engine), options, self.metrics(), Turns::default().join(1.0))
                .unwrap();
        service.batcher = batcher;
        self.state.ready(service);
        (self, stage)
    }

    /// What the batcher of its model counts.
    fn metrics(&self) -> Metrics {
        let models = self.state.models().all();
        self.state.batching().for_model(&models[0].announced.name)
    }

    pub fn router(&self) -> Router {
        self.router.clone()
    }

    pub fn batcher(&self) -> Batcher<Task, PassOutput> {
        self.state.services()[0].batcher.clone()
    }

    /// Every route of the contract with its method.
    pub async fn routes(&self) -> Vec<(Method, String)> {
        let contract: Value = self.get("/openapi.json").await.json();
        let mut routes = Vec::new();
        for (path, item) in contract["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let path = path.replace("{name}", "sentence").replace("{model}", "sentence");
                routes.push((method.to_uppercase().parse().unwrap(), path));
            }
        }
        routes
    }

    /// Sends a request as a client does: with a host.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let host = HeaderValue::from_static("localhost");
        request.headers_mut().entry(header::HOST).or_insert(host);
        Answer::read(self.router().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn method(&self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(post(path, body.to_string())).await
    }

    /// Posts bytes that may not be JSON.
    pub async fn post_raw(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(post(path, body)).await
    }

    /// The value of a metric with its labels, as a line of `/metrics` begins; 0 if there is none.
    pub async fn metric(&self, line: &str) -> f64 {
        let answer = self.get("/metrics").await;
        let value = answer.text().lines().find_map(|found| found.strip_prefix(line));
        value.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Waits until this many sequences wait in the queue.
    pub async fn until_waiting(&self, sequences: usize) {
        let batcher = self.batcher();
        until(async || batcher.status().waiting_sequences == sequences).await;
    }
}

/// A POST of JSON.
pub fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body.into()).unwrap()
}
