//! Restarts under load behind HAProxy, which sends requests to two replicas: `make bench-restarts`.

use std::cell::Cell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::task::{spawn_blocking, spawn_local};

use crate::load::{Pool, closed_loop, counts};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{embed, snippets};

const HAPROXY: &str = "/usr/sbin/haproxy";
/// Where compose's HAProxy finds its replicas.
const SERVERS: &str =
    "server-template strata 8 strata:8080 resolvers docker resolve-prefer ipv4 init-addr libc,none";
const CLIENTS: usize = 16;
/// Longer than HAProxy takes to see that a replica is ready.
const SEEN: Duration = Duration::from_secs(2);
/// Longer than a replica may take to stop.
const STOPPED: Duration = Duration::from_secs(15);

pub async fn run(count: usize) -> anyhow::Result<()> {
    let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
    let start = |port| spawn_blocking(move || Server::start_on_port(port, &[]));
    let mut replicas = [start(ports[1]).await??, start(ports[2]).await??];
    let haproxy = HaProxy::start(ports)?;
    tokio::time::sleep(SEEN).await;
    let requests = embed(&snippets()?, &[1, 4], "");
    let pool = Pool::without_retries(haproxy.address);
    let stop = Rc::new(Cell::new(false));
    let until = Rc::clone(&stop);
    let loading =
        spawn_local(
            async move { closed_loop(&pool, &requests, CLIENTS, move || until.get()).await },
        );
    let (mut unclean, mut longest) = (0, Duration::ZERO);
    for round in 0..count {
        let replica = &mut replicas[round % 2];
        let sent = Instant::now();
        replica.signal("TERM")?;
        let status = loop {
            if let Some(status) = replica.ended()? {
                break status;
            }
            ensure!(sent.elapsed() < STOPPED, "a replica does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        longest = longest.max(sent.elapsed());
        unclean += usize::from(!status.success());
        *replica = start(ports[1 + round % 2]).await??;
        tokio::time::sleep(SEEN).await;
    }
    stop.set(true);
    let answers = loading.await?;
    let failed = answers.iter().filter(|answer| answer.status != 200).count();
    println!("  {count} restarts, answers: {:?}", counts(&answers));
    println!("  stopping took at most {:.2} s", longest.as_secs_f64());
    at_most("failures that a client saw", failed as f64, 0.0);
    at_most("exit codes other than 0", unclean as f64, 0.0);
    Ok(())
}

/// A port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// HAProxy before two replicas, on the load's core.
struct HaProxy {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl HaProxy {
    /// With the configuration that compose mounts, on other `ports`: for clients, those of the two
    /// replicas, and for its metrics.
    fn start(ports: [u16; 4]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("haproxy.cfg");
        let [own, first, second, metrics] = ports;
        let mut config = include_str!("../../deploy/haproxy/haproxy.cfg").to_owned();
        let servers =
            format!("server first 127.0.0.1:{first}\n    server second 127.0.0.1:{second}");
        for (line, instead) in [
            ("bind :8000", format!("bind 127.0.0.1:{own}")),
            ("bind :8405", format!("bind 127.0.0.1:{metrics}")),
            (SERVERS, servers),
        ] {
            ensure!(config.contains(line), "the configuration of HAProxy has no line {line}");
            config = config.replace(line, &instead);
        }
        fs::write(&file, config)?;
        let mut command = Command::new(HAPROXY);
        let quiet =
            command.args(["-db", "-f"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let process = quiet.spawn().with_context(|| format!("{HAPROXY} can't be run"))?;
        Ok(Self { process, address: (Ipv4Addr::LOCALHOST, own).into(), _folder: folder })
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
