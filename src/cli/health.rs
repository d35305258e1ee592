//! `strata health`: what a container's health check runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Failure;
use crate::config::{Config, Flags, Sources};

const PATIENCE: Duration = Duration::from_secs(3);

/// Ask a running server whether it is ready; exit 0 if it is.
#[derive(Debug, Args)]
pub struct Health {
    /// The address that it listens on.
    #[arg(long)]
    host: Option<String>,
    /// The port that it listens on.
    #[arg(long)]
    port: Option<u16>,
    /// A config file, in place of config/strata.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Health {
    pub fn run(self) -> Result<(), Failure> {
        let flags = Flags { host: self.host, port: self.port, ..Flags::default() };
        let sources = Sources::from_process(self.config, flags).map_err(Failure::unusable)?;
        let config = Config::load(&sources).map_err(Failure::unusable)?;
        let url = format!("http://{}/readyz", reachable(config.address()));
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
        match agent.get(&url).call() {
            Ok(_) => {
                println!("ready");
                Ok(())
            }
            Err(error) => Err(Failure::failed(anyhow::anyhow!("{url}: not ready: {error}"))),
        }
    }
}

/// A server that listens on every address is asked on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
