//! Servers over tiny checkpoints, with everything but a port.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex};

use axum::Router;
use strata::app::{Loaded, announced, load_only};
use strata::config::{Config, HttpConfig, ServedModel};
use strata::http::auth::Auth;
use strata::http::models::Models;
use strata::http::state::AppState;
use strata::http::{Port, router};
use strata::telemetry::traces::Traces;

use super::root;

/// The checkpoints that a request may name.
const CHECKPOINTS: [&str; 4] = ["sentence", "cross-encoder", "single-label", "regression"];

/// A server: its routes, and what they share.
#[derive(Clone)]
pub struct App {
    pub state: AppState,
    pub router: Router,
}

static LOADED: LazyLock<Mutex<BTreeMap<&str, App>>> = LazyLock::new(Mutex::default);

/// The server of a checkpoint; the first one if there is none of that name. Each is loaded once.
pub fn app(name: &str) -> App {
    let name = CHECKPOINTS.into_iter().find(|known| *known == name).unwrap_or(CHECKPOINTS[0]);
    let mut loaded = LOADED.lock().unwrap();
    loaded.entry(name).or_insert_with(|| start(name, Auth::none(), |_| {})).clone()
}

/// A server that nothing else uses, with keys and with further settings.
pub fn start(name: &str, auth: Auth, settings: impl FnOnce(&mut HttpConfig)) -> App {
    let mut config = Config::defaults().unwrap();
    config.model = root().join("tests/fixtures/tiny").join(name);
    config.encoder.threads = NonZeroUsize::MIN;
    config.openai.token_ids = true;
    config.http.compress_answers = true;
    config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    settings(&mut config.http);
    let Loaded { service, .. } = load_only(&config).unwrap();
    let models = Models::new([announced(&ServedModel::only(config.clone())).unwrap()]);
    let state = AppState::starting(config.http, auth, Traces::default(), models);
    state.ready(service);
    App { router: router(state.clone(), Port::Only), state }
}

/// Checks that no memory is charged any more. What the worker still holds of a request that was refused
/// late is released at once.
pub fn check_released(state: &AppState) {
    for _ in 0..1_000_000 {
        if state.memory().used() == 0 {
            return;
        }
        std::thread::yield_now();
    }
    panic!("{} bytes are still charged", state.memory().used());
}
