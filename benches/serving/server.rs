//! The real binary, in its own process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::Context;

/// Ticks per second of processor time in Linux's `/proc`.
const TICKS: f64 = 100.0;

/// Seconds of processor time, user and system, that a process has used.
pub fn processor_seconds(process: &str) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let field =
        |index: usize| fields.split_whitespace().nth(index).and_then(|f| f.parse::<f64>().ok());
    Ok((field(11).unwrap_or(0.0) + field(12).unwrap_or(0.0)) / TICKS)
}

/// `strata serve` on a free port.
pub struct Server {
    process: Child,
    pub url: String,
}

impl Server {
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(&[])
    }

    /// With further variables in its environment.
    pub fn start_with(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["serve", "--port", "0"])
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().context("the server has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready = started.elapsed();
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .with_context(|| format!("the server did not report that it is ready: {line:?}"))?;
        println!("ready after {:.3} s", ready.as_secs_f64());
        Ok(Self { url: format!("http://{address}/embed"), process })
    }

    /// The server's resident memory now, in millions of bytes.
    pub fn resident_megabytes(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kilobytes: f64 = kilobytes.unwrap_or_default().parse()?;
        Ok(kilobytes * 1_024.0 / 1e6)
    }

    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

/// Stops the server even if the benchmark ends with an error.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
