//! `strata openapi`: the OpenAPI description that the server also serves.

use super::shared::{Failure, print};
use crate::http::openapi;

/// Prints it.
pub fn run() -> Result<(), Failure> {
    print(openapi::yaml().map_err(anyhow::Error::msg).map_err(Failure::failed)?)
}
