//! `deploy/` and `docker-compose.yml`: HAProxy and Prometheus run with the files that compose mounts,
//! before and beside two replicas of the real binary. Grafana isn't run: its files are compared with what
//! they name.

mod addresses;
mod alerts;
mod balancer;
mod compose;
mod connection;
mod dashboard;
mod dns;
mod fake;
mod files;
mod grafana;
mod isolation;
mod lost;
mod names;
mod prometheus;
mod provoke;
mod queries;
mod reloads;
mod restarts;
mod retries;
mod stack;

use std::process::{Child, Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Daemons are in a folder that a user's PATH may lack.
const HAPROXY: &str = "/usr/sbin/haproxy";
const MISSING: &str = "it is missing: run scripts/setup_debian.sh haproxy prometheus ip:iproute2";

/// A process that is killed when dropped.
struct Process(Child);

impl Process {
    #[track_caller]
    fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; {MISSING}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program until it ends, which has to be with success.
#[track_caller]
fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|error| panic!("{program}: {error}; {MISSING}"));
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(status.success(), "{program} {args:?}: {said}");
}

/// Sets a flag also if the test fails, so that the clients that look at it end.
struct Stopping<'s>(&'s AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Waits until `condition` holds: asks every 20 ms, for a minute at most.
#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        sleep(Duration::from_millis(20));
    }
}
