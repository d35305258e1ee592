//! How the real server holds under overload, faults and restarts: `make bench-overload` and the other
//! targets that name a part of this benchmark. Each prints its figures beside what is demanded, and
//! ends with an error if one is missed.
//!
//! The server is the release build in its own process, on core 0; the load comes over loopback from
//! core 1. Settings come from the environment, such as `STRATA_DTYPE=bf16 make bench-overload`,
//! except for the model where a part needs another one. `--seconds` shortens the parts that last.

mod hangups;
mod http;
mod keys;
mod load;
mod models;
mod neighbours;
mod overload;
mod probes;
mod restarts;
mod server;
mod slow_clients;
mod soak;
mod tokenising;
mod verdict;
mod work;

use std::fs;
use std::time::Duration;

use anyhow::{bail, ensure};
use tokio::task::LocalSet;

/// The part to run, and its options.
struct Options {
    part: String,
    seconds: Option<u64>,
    count: Option<usize>,
}

impl Options {
    fn read() -> anyhow::Result<Self> {
        let mut options = Self { part: String::new(), seconds: None, count: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo adds it.
                "--bench" => {}
                "--seconds" => options.seconds = Some(number(arguments.next())?),
                "--count" => options.count = Some(usize::try_from(number(arguments.next())?)?),
                _ => options.part = argument,
            }
        }
        Ok(options)
    }

    fn duration(&self, default: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(default))
    }

    fn count(&self, default: usize) -> usize {
        self.count.unwrap_or(default)
    }
}

fn number(argument: Option<String>) -> anyhow::Result<u64> {
    Ok(argument.unwrap_or_default().parse()?)
}

fn main() -> anyhow::Result<()> {
    // `cargo test` and `cargo nextest` may run this to list its tests; it has none.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let options = Options::read()?;
    server::pin()?;
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    println!("{} on {}", options.part, model.map_or("an unknown processor", |(_, name)| name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        match options.part.as_str() {
            "hangups" => hangups::run(options.count(1_000)).await,
            "keys" => keys::run(options.duration(10)).await,
            "models" => models::run(options.duration(30)).await,
            "neighbours" => neighbours::run(options.duration(60)).await,
            "overload" => overload::run(options.duration(60)).await,
            "probes" => probes::run(options.duration(20)).await,
            "restarts" => restarts::run(options.count(20)).await,
            "slow-clients" => slow_clients::run(options.duration(60)).await,
            "soak" => soak::run(options.count(2_000_000)).await,
            "tokenising" => tokenising::run().await,
            part => bail!("there is no part {part:?}"),
        }
    })?;
    ensure!(verdict::missed() == 0, "{} figures are missed", verdict::missed());
    Ok(())
}
