//! `strata fetch`: brings a model of a hub into the cache, to be served without a network.

use clap::Args;

use super::shared::{Failure, print, show_fetching};
use crate::hub::{self, Environment, HubName};

const EXAMPLES: &str = "\
Examples:
  # Into ~/.cache/huggingface/hub, where other programs look too
  strata fetch sentence-transformers/all-MiniLM-L6-v2
  # One version, into another folder, and then without a network
  HF_HUB_CACHE=models strata fetch sentence-transformers/all-MiniLM-L6-v2@v1.0
  HF_HUB_CACHE=models HF_HUB_OFFLINE=1 strata serve \\
    --model sentence-transformers/all-MiniLM-L6-v2@v1.0";

/// Fetch a model from a hub into the cache, and print the folder of its files.
///
/// Only the files that Strata reads are fetched, and each is compared with the size and hash that the hub
/// lists. The cache is the one of Python's huggingface_hub, and so are the variables: HF_HOME, HF_HUB_CACHE,
/// HF_TOKEN, HF_TOKEN_PATH, HF_ENDPOINT, HF_HUB_OFFLINE, XDG_CACHE_HOME.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Fetch {
    /// The model: org/name, or org/name@revision for a branch, tag or commit.
    #[arg(value_name = "ORG/NAME[@REVISION]", value_parser = name)]
    model: HubName,
}

impl Fetch {
    pub fn run(self) -> Result<(), Failure> {
        let environment = Environment::from_process();
        let snapshot = hub::locate(&self.model, &environment, &mut show_fetching())
            .map_err(Failure::unusable)?;
        print(format_args!("{}\n", snapshot.dir.display()))
    }
}

/// A name as written on the command line.
fn name(written: &str) -> Result<HubName, String> {
    HubName::parse(written).ok_or_else(|| "must be org/name or org/name@revision".to_owned())
}
