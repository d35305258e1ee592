//! `strata openapi`: the HTTP contract, as the server has it.

use std::io::Write;

use super::Failure;

pub fn run() -> Result<(), Failure> {
    let yaml = crate::http::openapi::yaml().map_err(anyhow::Error::msg).map_err(Failure::failed)?;
    std::io::stdout().write_all(yaml.as_bytes()).map_err(Failure::failed)
}
