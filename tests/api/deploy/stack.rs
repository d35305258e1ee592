//! Two replicas behind HAProxy, as compose has them.

use std::fs::{File, OpenOptions};
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use super::balancer::start_haproxy;
use super::compose::Compose;
use super::connection::get;
use super::dns::Dns;
use super::isolation::Network;
use super::{Process, run, until};
use crate::support::metrics::Scrape;
use crate::support::tiny;

/// The addresses of the replicas, instead of those of containers.
pub const REPLICAS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];

/// The port of a replica's metrics, as in `docker-compose.yml` and `deploy/prometheus/prometheus.yml`.
const METRICS: u16 = 9100;

/// What all replicas have beside what compose sets.
pub type Variables<'s> = &'s [(&'s str, &'s str)];

pub struct Stack<'s> {
    pub compose: Compose,
    pub dns: Dns,
    replicas: [Option<Process>; 2],
    variables: Variables<'s>,
    _haproxy: Process,
    _network: Network,
}

impl<'s> Stack<'s> {
    /// Starts everything, and waits until HAProxy has two replicas that are ready.
    pub fn start(variables: Variables<'s>) -> Self {
        let network = Network::new(&["haproxy", "prometheus"]);
        let (compose, dns) = (Compose::read(), Dns::start("strata"));
        let haproxy = start_haproxy(&compose);
        let mut stack = Self {
            compose,
            dns,
            replicas: [None, None],
            variables,
            _haproxy: haproxy,
            _network: network,
        };
        stack.start_replica(0);
        stack.start_replica(1);
        stack.until_both_are_ready();
        stack
    }

    /// Starts a container: its address is known before its process listens.
    pub fn start_replica(&mut self, which: usize) {
        let address = REPLICAS[which];
        self.dns.add(address);
        let model = tiny("single-label");
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command
            .args(["serve", "--host", &address.to_string(), "--port", "8080", "--model"])
            .arg(model);
        command.env_clear().env("STRATA_LOG_FILTER", "warn").stdout(Stdio::null());
        // The log of the second goes to a full disk.
        let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.stderr(if which == 1 { full() } else { File::create("/dev/null").unwrap() });
        for (name, value) in self.compose.environment("strata") {
            let value = match name {
                // Containers have an address each; these replicas share an interface, and its clients.
                "STRATA_ADMIN_ADDRESS" => value.replace("0.0.0.0", &address.to_string()),
                "STRATA_HTTP_TRUSTED_PROXIES" => "127.0.0.1".to_owned(),
                _ => value.to_owned(),
            };
            command.env(name, value);
        }
        command.env_remove("STRATA_HEADS").envs(self.variables.iter().copied());
        self.replicas[which] = Some(Process::start(&mut command));
    }

    /// Stops a container: its address is known until its process has ended.
    pub fn stop_replica(&mut self, which: usize) -> ExitStatus {
        let Some(Process(child)) = &mut self.replicas[which] else { panic!("it doesn't run") };
        run("kill", &["-TERM", &child.id().to_string()]);
        let status = child.wait().unwrap();
        self.dns.remove(REPLICAS[which]);
        self.replicas[which] = None;
        assert_eq!(status.signal(), None, "it was killed");
        status
    }

    /// Ends a container without a warning, as the system does if it has used too much memory.
    pub fn kill_replica(&mut self, which: usize) {
        self.replicas[which] = None;
        self.dns.remove(REPLICAS[which]);
    }

    pub fn until_both_are_ready(&self) {
        let is_ready = |address| get(&format!("http://{address}:8080/readyz")).0 == 200;
        until("two replicas are ready and HAProxy knows", || {
            REPLICAS.into_iter().all(is_ready) && servers("UP") == 2
        });
    }
}

/// The number of replicas that HAProxy finds in this state: to those that are `UP` it sends requests.
pub fn servers(state: &str) -> usize {
    let scrape = get("http://127.0.0.1:8405/metrics").1;
    let servers = scrape.lines().filter(|line| line.starts_with("haproxy_server_status{"));
    servers.filter(|line| line.ends_with(&format!(",state=\"{state}\"}} 1"))).count()
}

/// The metrics of a replica as text; nothing if it doesn't answer.
fn metrics(address: Ipv4Addr) -> String {
    get(&format!("http://{address}:{METRICS}/metrics")).1
}

/// The metrics of a replica.
pub fn scrape(address: Ipv4Addr) -> Scrape {
    Scrape::parse(&metrics(address))
}

/// The number of sequences in the queue of a replica.
pub fn waiting(address: Ipv4Addr) -> f64 {
    let text = metrics(address);
    let mut waiting =
        text.lines().filter(|line| line.starts_with("strata_batching_queue_sequences{"));
    waiting.next().map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
}

/// The names of all metrics of a replica, without the endings of samples.
pub fn families(address: Ipv4Addr) -> Vec<String> {
    let text = metrics(address);
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    names.map(str::to_owned).collect()
}
