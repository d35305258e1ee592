//! Requests to a hub.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::environment::Environment;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Asks one hub, with a token if there is one. The token goes to no other server: hubs redirect to others
/// for large files.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    endpoint: String,
    authorization: Option<String>,
}

impl Client {
    /// A client of the hub that the environment names.
    ///
    /// # Errors
    /// The file of certificates can't be read.
    pub fn new(environment: &Environment) -> Result<Self, String> {
        let roots = match &environment.certificates {
            Some(file) => certificates(file)?,
            None => RootCerts::WebPki,
        };
        let agent = Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .user_agent(concat!("strata/", env!("CARGO_PKG_VERSION")))
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(environment.silence))
            .build();
        let authorization = environment.token.as_ref().map(|token| format!("Bearer {token}"));
        Ok(Self { agent: agent.into(), endpoint: environment.endpoint.clone(), authorization })
    }

    /// Asks for a path of the hub, from a byte on. Every status is an answer.
    ///
    /// # Errors
    /// The hub can't be reached.
    pub fn get(&self, path: &str, from: u64) -> Result<Response<Body>, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.endpoint));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.call()
    }
}

/// The certificates of a PEM file, which are trusted instead of the built-in ones.
fn certificates(file: &Path) -> Result<RootCerts, String> {
    let wrong = |reason: String| format!("SSL_CERT_FILE {}: {reason}", file.display());
    let pem = fs::read(file).map_err(|error| wrong(error.to_string()))?;
    let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
    let items = items.map_err(|error| wrong(error.to_string()))?;
    let certificates = items.into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<Certificate<'static>> = certificates.collect();
    match certificates.is_empty() {
        true => Err(wrong("it has no certificate".to_owned())),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}
