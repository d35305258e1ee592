//! `strata openapi`: the OpenAPI description that the server also serves.

use clap::Args;

use super::shared::{Failure, print};
use crate::http::openapi;

const EXAMPLES: &str = "\
Examples:
  # Write the description to a file, for generators of clients
  strata openapi > openapi.yaml";

/// Print the OpenAPI description of the HTTP interface as YAML.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Openapi {}

impl Openapi {
    /// Prints it.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn run(self) -> Result<(), Failure> {
        print(openapi::yaml().map_err(anyhow::Error::msg).map_err(Failure::failed)?)
    }
}
