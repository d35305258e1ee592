//! The real binary in its own process, on a core of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, bail, ensure};
use procfs::WithCurrentSystemInfo;
use procfs::process::Process;

use crate::http::{Connection, get};

/// The core of the server; the load is generated on another.
const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// `strata serve` on a free port, with settings from the environment of the benchmark.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

/// What the system says about the server now.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub resident: f64,
    pub threads: u64,
    pub descriptors: usize,
    /// Seconds of processor time so far, user and system.
    pub processor: f64,
}

impl Server {
    pub fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_on_port(0, settings)
    }

    pub fn start_on_port(port: u16, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::start_with(&["--port", &port.to_string()], settings)
    }

    /// The same with further arguments.
    pub fn start_with(arguments: &[&str], settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut process = Command::new("taskset")
            .args(["--cpu-list", SERVER_CORE, env!("CARGO_BIN_EXE_strata")])
            .arg("serve")
            .args(arguments)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("taskset can't be run")?;
        let stdout = process.stdout.take().context("the server has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let Some(address) = address else {
            let _ = process.kill();
            bail!("the server did not report that it is ready: {line:?}");
        };
        Ok(Self { address: address.parse()?, process })
    }

    pub fn usage(&self) -> anyhow::Result<Usage> {
        let process = Process::new(i32::try_from(self.process.id())?)?;
        let stat = process.stat()?;
        Ok(Usage {
            resident: stat.rss_bytes().get() as f64,
            threads: stat.num_threads as u64,
            descriptors: process.fd_count()?,
            processor: (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64,
        })
    }

    /// The sum of a metric's samples.
    pub async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let mut connection = Connection::open(self.address, None).await?;
        let reply = connection.exchange(&get("/metrics")).await?;
        let text = String::from_utf8(reply.body)?;
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with([' ', '{']).then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        };
        let mut values = text.lines().filter_map(value).peekable();
        ensure!(values.peek().is_some(), "the server has no metric {name}");
        Ok(values.sum())
    }

    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let kill = format!("kill -s {name} {}", self.process.id());
        ensure!(Command::new("sh").args(["-c", &kill]).status()?.success());
        Ok(())
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.process.try_wait()?)
    }
}

/// Stops the server even if the benchmark ends with an error.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Keeps this process, which generates the load, on a core of its own.
pub fn pin() -> anyhow::Result<()> {
    let id = std::process::id().to_string();
    let pinned = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", LOAD_CORE, &id])
        .stdout(Stdio::null())
        .status()
        .context("taskset can't be run")?;
    ensure!(pinned.success(), "this needs two cores");
    Ok(())
}
