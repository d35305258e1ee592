"""Becomes process 1 of a container: prepares its root, gives up all rights, and executes its program.

Runs in new mount, PID and network namespaces. The argument is JSON, as `container` writes it. The root
and all of its mounts are read-only except for the volumes that are not.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

SIOCSIFFLAGS = 0x8914
IFF_UP_LOOPBACK = 0x1 | 0x8
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
DEVICES = ("null", "random", "urandom", "zero")


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def prepare(root, binds):
    """Mounts what an engine mounts, and makes the root read-only."""
    mount("--bind", root, root)
    for folder in ("proc", "dev", "etc"):
        (root / folder).mkdir(exist_ok=True)
    for source, target, _ in binds:
        place = root / target.lstrip("/")
        if Path(source).is_dir():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch()
    mount("-o", "remount,bind,ro", root)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root / "proc")
    mount("-t", "tmpfs", "-o", "nosuid,noexec,size=64k", "tmpfs", root / "dev")
    for device in DEVICES:
        (root / "dev" / device).touch()
        mount("--bind", f"/dev/{device}", root / "dev" / device)
    mount("-o", "remount,ro", root / "dev")
    for source, target, writable in binds:
        place = root / target.lstrip("/")
        mount("--bind", source, place)
        if not writable:
            mount("-o", "remount,bind,ro", place)


def raise_loopback():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_LOOPBACK))


def give_up_rights(user, group):
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    capability = 0
    while prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("no_new_privs can't be set")


def execute(spec):
    give_up_rights(spec["user"], spec["group"])
    # Closed by the execution.
    os.write(spec["clock"], struct.pack("d", time.monotonic()))
    os.set_inheritable(spec["clock"], False)
    os.execve(spec["argv"][0], spec["argv"], spec["env"])


def supervise(child):
    """What the process of `docker run --init` does: passes signals on, and ends as its child does."""
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status))


def main():
    spec = json.loads(sys.argv[1])
    root = Path(spec["root"])
    raise_loopback()
    prepare(root, spec["binds"])
    os.chroot(root)
    os.chdir(spec["cwd"])
    if spec["init"] and (child := os.fork()):
        supervise(child)
    execute(spec)


if __name__ == "__main__":
    main()
