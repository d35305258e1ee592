//! `strata health`: for the health check of a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use super::shared::{Failure, port, print};
use crate::config::{Config, Flags, Sources};

/// Time limit of the request.
const TIMEOUT: Duration = Duration::from_secs(3);

const EXAMPLES: &str = "\
Examples:
  # The server of this machine's configuration
  strata health
  # A server on another port
  strata health --port 9000";

/// Check whether a running server is ready; exit with 0 if it is.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Health {
    /// IP address of the server.
    #[arg(long)]
    host: Option<String>,
    /// Port of the server.
    #[arg(long, value_parser = port)]
    port: Option<u16>,
    /// Configuration file, instead of config/strata.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Health {
    pub fn run(self) -> Result<(), Failure> {
        let flags = Flags { host: self.host, port: self.port, ..Flags::default() };
        let sources = Sources::from_process(self.config, flags).map_err(Failure::unusable)?;
        let config = Config::load(&sources).map_err(Failure::unusable)?;
        let url = format!("http://{}/readyz", reachable(config.address()));
        // The server is on this machine: a proxy of the environment could not reach it.
        let agent = ureq::Agent::config_builder().proxy(None).timeout_global(Some(TIMEOUT));
        let agent: ureq::Agent = agent.build().into();
        match agent.get(&url).call() {
            Ok(_) => print("ready\n"),
            Err(error) => Err(Failure::failed(anyhow!(
                "{url}: not ready: {error}; start it by `strata serve`, wait until it has loaded its \
                 model, or name its address by --host and --port"
            ))),
        }
    }
}

/// The address to connect to: loopback if the server listens on all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
