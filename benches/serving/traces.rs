//! Compares the rates of servers without traces, with traces of 1 % of the requests and of all, each with
//! and without a scrape of the metrics every second: `make bench-traces`.
//!
//! The servers run side by side and are measured in turn, one at a time. Their collector is this
//! process, on the same cores: it reads each request and answers it, and decodes nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::server::Server;
use super::work::{CONNECTIONS, body, post};
use super::{TEXTS, median, rate};

const ROUNDS: usize = 7;
/// How often the texts are sent per round and server, so that it takes seconds.
const TURNS: usize = 1;
const SCRAPES: Duration = Duration::from_secs(1);

/// The parts of the requests that are recorded. The first and the second show the noise of the run.
const RATIOS: [(&str, Option<&str>); 4] =
    [("off", None), ("off again", None), ("1 %", Some("0.01")), ("100 %", Some("1"))];

pub fn run(texts: &[String]) -> anyhow::Result<()> {
    let collector = format!("http://{}", collect()?);
    let mut servers = Vec::new();
    for (_, ratio) in RATIOS {
        let environment = match ratio {
            None => vec![("OTEL_SDK_DISABLED", "true")],
            Some(ratio) => vec![
                ("OTEL_SDK_DISABLED", "false"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str()),
                ("OTEL_TRACES_SAMPLER", "traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", ratio),
            ],
        };
        servers.push(Server::start_with(&environment)?);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bodies: Vec<String> = (0..TURNS).flat_map(|_| texts.iter().map(body)).collect();
    let measure = |server: &Server, scraped: bool| {
        let work = async {
            tokio::select! {
                posted = post(&server.url, &bodies, CONNECTIONS) => posted.map(drop),
                failed = scrape(server, scraped) => failed,
            }
        };
        rate(TEXTS * TURNS, || runtime.block_on(work))
    };
    let mut rates = vec![[const { Vec::new() }; 2]; RATIOS.len()];
    for round in 0..=ROUNDS {
        // Each server is the first, the second … in turn.
        for at in (0..RATIOS.len()).map(|at| (at + round) % RATIOS.len()) {
            for scraped in [false, true] {
                let measured = measure(&servers[at], scraped)?;
                if round > 0 {
                    rates[at][usize::from(scraped)].push(measured);
                }
            }
        }
    }
    println!("medians of {ROUNDS} rounds, {CONNECTIONS} connections");
    println!("traces    | metrics       | requests/s | of the first");
    let first = rates[0][0].clone();
    for ((name, _), both) in RATIOS.iter().zip(&rates) {
        for (scraped, measured) in ["not read", "read each second"].into_iter().zip(both) {
            let ratios = measured.iter().zip(&first).map(|(rate, first)| rate / first).collect();
            let (rate, ratio) = (median(measured.clone()), median(ratios));
            println!("{name:<9} | {scraped:<16} | {rate:>10.1} | {ratio:.3}");
        }
    }
    for ((name, _), server) in RATIOS.iter().zip(&servers) {
        let text = runtime.block_on(metrics(server))?;
        let spans = text.lines().filter(|line| line.starts_with("strata_traces_spans_total"));
        println!("{name}: {}", spans.collect::<Vec<_>>().join(", "));
    }
    servers.iter_mut().try_for_each(Server::stop)
}

/// Reads the metrics each second, or does nothing, for ever; returns only an error.
async fn scrape(server: &Server, scraped: bool) -> anyhow::Result<()> {
    if !scraped {
        return std::future::pending().await;
    }
    let mut due = tokio::time::interval(SCRAPES);
    loop {
        due.tick().await;
        metrics(server).await?;
    }
}

async fn metrics(server: &Server) -> anyhow::Result<String> {
    let url = server.url.replace("/embed", "/metrics");
    Ok(reqwest::get(url).await?.error_for_status()?.text().await?)
}

/// Starts a collector on a free port; its address.
fn collect() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        // A client that breaks off shows in its own counters.
        listener.incoming().flatten().for_each(|stream| drop(accept(stream)));
    });
    Ok(address)
}

/// Reads one request and answers it.
fn accept(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        match line.strip_prefix("content-length: ") {
            Some(value) => length = value.parse().unwrap_or(0),
            None if line.is_empty() => break,
            None => {}
        }
    }
    std::io::copy(&mut (&mut stream).take(length), &mut std::io::sink())?;
    stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}
