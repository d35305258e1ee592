//! `strata health`: for the health check of a container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use super::shared::{Failure, port, print};
use crate::app;
use crate::config::{Config, Flags, Sources};

/// Time limit of the request.
const TIMEOUT: Duration = Duration::from_secs(3);

const EXAMPLES: &str = "\
Examples:
  # The one server that runs here, or that of this machine's configuration
  strata health
  # A server on another port
  strata health --port 9000";

/// Check whether a running server is ready; exit with 0 if it is.
///
/// Without flags, the server that is asked is the one that runs from the same executable, on whatever
/// address it listens; the configuration is then not read. If none or several are found, it is the one at
/// the configured address.
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
        let url = format!("http://{}/readyz", reachable(self.address()?));
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

    /// The address of the running server, or else the configured one.
    fn address(self) -> Result<SocketAddr, Failure> {
        let Self { host, port, config } = self;
        let named = host.is_some() || port.is_some() || config.is_some();
        // Before the configuration is read: a server that runs keeps its settings if someone makes a
        // mistake in the file, and stays healthy.
        if let Some(running) = (!named).then(app::listening).flatten() {
            return Ok(running);
        }
        let flags = Flags { host, port, ..Flags::default() };
        let sources = Sources::from_process(config, flags).map_err(Failure::unusable)?;
        Ok(Config::load(&sources).map_err(Failure::unusable)?.address())
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
