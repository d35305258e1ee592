//! Finds the running server of this executable, for its health check.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;

use procfs::net::{TcpState, tcp, tcp6};
use procfs::process::{FDTarget, Process, all_processes};

/// The address on which the only running server of this executable listens; if it listens on several,
/// any of them, since all answer the probes. `None` if no server or several are found among the
/// processes that this one may look into, in its network namespace.
pub fn listening() -> Option<SocketAddr> {
    let executable = executable(&Process::myself().ok()?)?;
    let listeners = listeners();
    let same = |process: &Process| self::executable(process) == Some(executable);
    let servers = all_processes().ok()?.flatten().filter(same);
    let mut addresses = servers.filter_map(|process| listener(&process, &listeners));
    let only = addresses.next()?;
    addresses.next().is_none().then_some(only)
}

/// Device and inode of a process's executable. A path would be the same after the file was replaced.
fn executable(process: &Process) -> Option<(u64, u64)> {
    let file = fs::metadata(format!("/proc/{}/exe", process.pid())).ok()?;
    Some((file.dev(), file.ino()))
}

/// The listening sockets of this network namespace, by inode.
fn listeners() -> HashMap<u64, SocketAddr> {
    // Without IPv6 there is no second table.
    let entries = [tcp(), tcp6()].into_iter().flatten().flatten();
    let listening = entries.filter(|entry| entry.state == TcpState::Listen);
    listening.map(|entry| (entry.inode, entry.local_address)).collect()
}

/// The address of the first listening socket among a process's descriptors.
fn listener(process: &Process, listeners: &HashMap<u64, SocketAddr>) -> Option<SocketAddr> {
    process.fd().ok()?.flatten().find_map(|descriptor| match descriptor.target {
        FDTarget::Socket(inode) => listeners.get(&inode).copied(),
        _ => None,
    })
}
