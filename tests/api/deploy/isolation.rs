//! A network and a mount namespace for one test, so that the ports and the paths of the configuration are
//! free, whatever else runs on this machine.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::run;

/// Set where a test runs in its namespaces.
const INSIDE: &str = "INSIDE_OF_NAMESPACES";

/// Runs `body` in a process in namespaces of its own. `test` is the full name of the test that calls this:
/// the process is this program once more, with only that test.
#[track_caller]
pub fn isolated(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount"]);
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        unshare.arg("--map-root-user");
    }
    let program = std::env::current_exe().unwrap();
    unshare.arg(program).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let Output { status, stdout, stderr } = unshare.output().unwrap();
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    let needs =
        "This test needs namespaces of its own: root, or a user who may create user namespaces.";
    assert!(status.success() && said.contains("1 passed"), "{needs}\n{said}");
}

/// What the processes in the namespaces know about the network. Nothing outside can be reached.
pub struct Network {
    _files: TempDir,
}

impl Network {
    /// Turns the loopback interface on. `hosts` have 127.0.0.1; of all other names, a DNS server knows at
    /// 127.0.0.11, which is where Docker's is.
    pub fn new(hosts: &[&str]) -> Self {
        run("ip", &["link", "set", "lo", "up"]);
        let files = tempfile::tempdir().unwrap();
        for (path, content) in [
            ("/etc/hosts", format!("127.0.0.1 localhost {}\n", hosts.join(" "))),
            ("/etc/resolv.conf", "nameserver 127.0.0.11\noptions ndots:0\n".to_owned()),
        ] {
            let own = files.path().join(path.rsplit('/').next().unwrap());
            fs::write(&own, content).unwrap();
            run("mount", &["--bind", own.to_str().unwrap(), path]);
        }
        Self { _files: files }
    }
}
