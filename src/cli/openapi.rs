//! `strata openapi`: the OpenAPI description that the server also serves.

use std::io::{Write, stdout};

use super::shared::Failure;
use crate::http::openapi;

/// Prints it.
pub fn run() -> Result<(), Failure> {
    let yaml = openapi::yaml().map_err(anyhow::Error::msg).map_err(Failure::failed)?;
    stdout().write_all(yaml.as_bytes()).map_err(Failure::failed)
}
