"""Runs containers of an image as an engine does: process 1 of its own namespaces, as the image's user,
without capabilities, on a read-only root, with the image's environment and command."""

import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

from engine import Failed

ENTER = Path(__file__).with_name("enter.py")


class Image:
    """An image with a working container, whose files are in `root`."""

    def __init__(self, engine, tag):
        self.engine, self.tag = engine, tag
        self.config, self.layers = engine.inspect(tag)
        self.container, root = engine.mount(tag)
        self.root = Path(root)

    def close(self):
        self.engine.remove(self.container)

    def user(self):
        """User and group, which have to be numbers: an engine must not need /etc/passwd."""
        user, _, group = self.config["User"].partition(":")
        return int(user), int(group)

    def start(self, command=None, env=None, binds=(), init=False, user=None):
        """Starts a container with the image's command, or another; `binds` are (source, target, writable)."""
        reading, clock = os.pipe()
        user, group = user or self.user()
        spec = {
            "argv": [*self.config["Entrypoint"], *(self.config["Cmd"] if command is None else command)],
            "binds": [(str(source), target, writable) for source, target, writable in binds],
            "clock": clock,
            "cwd": self.config["WorkingDir"],
            "env": {**dict(pair.split("=", 1) for pair in self.config["Env"]), **(env or {})},
            "group": group,
            "init": init,
            "root": str(self.root),
            "user": user,
        }
        unshare = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
        process = subprocess.Popen(
            [*unshare, sys.executable, "-B", str(ENTER), json.dumps(spec)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[clock],
        )
        os.close(clock)
        return Running(process, reading, spec)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Running:
    """A container that was started. Use it in a `with`, which ends it."""

    def __init__(self, process, clock, spec):
        self.process, self.clock, self.spec = process, clock, spec
        os.set_blocking(process.stdout.fileno(), False)
        self.printed = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Process 1 first, with which its namespace ends: --kill-child has no effect any more once it has
        # taken the user of the image.
        if self.process.poll() is None:
            for number in children(self.process.pid):
                os.kill(number, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        os.close(self.clock)
        self.process.stdout.close()
        self.process.stderr.close()

    def pid(self):
        """The host's number of process 1."""
        return children(self.process.pid)[0]

    def server(self):
        """The host's number of the program's process."""
        return children(self.pid())[0] if self.spec["init"] else self.pid()

    def ready(self, timeout=60):
        """Waits for the ready line; returns it and the seconds since the program was executed."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.printed:
            waiting = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], waiting)[0]:
                raise Failed(f"not ready after {timeout} s")
            chunk = self.process.stdout.read()
            if not chunk:
                raise Failed(f"ended without being ready: {self.process.stderr.read().decode()[-2000:]}")
            self.printed += chunk
        seconds = time.monotonic() - struct.unpack("d", os.read(self.clock, 8))[0]
        return self.printed.decode().splitlines()[0], seconds

    def nsenter(self, *namespaces):
        return ["nsenter", "--target", str(self.pid()), *namespaces]

    def shell(self, command, timeout=60):
        """Runs a command of the host in the container's network."""
        inside = [*self.nsenter("--net"), "sh", "-c", command]
        return subprocess.run(inside, capture_output=True, text=True, timeout=timeout)

    def execute(self, *argv, timeout=60):
        """Runs a program of the image in the container, as `docker exec` and health checks do."""
        user, group = (str(self.spec[name]) for name in ("user", "group"))
        inside = self.nsenter("--mount", "--pid", "--net", "--root", "--wd")
        inside += ["--setgid", group, "--setuid", user]
        tool = [shutil.which(inside[0]), *inside[1:]]
        return subprocess.run(
            [*tool, *argv], capture_output=True, text=True, timeout=timeout, env=self.spec["env"]
        )

    def status(self, field):
        """A field of the program's /proc/PID/status."""
        text = Path(f"/proc/{self.server()}/status").read_text()
        return next(line.split(None, 1)[1] for line in text.splitlines() if line.startswith(f"{field}:"))

    def end(self, timeout=60):
        """Waits until it ends by itself; returns its exit code and what it has printed since."""
        os.set_blocking(self.process.stdout.fileno(), True)
        printed, log = self.process.communicate(timeout=timeout)
        return self.process.returncode, (self.printed + printed).decode(), log.decode()

    def terminate(self, timeout=60):
        """Sends SIGTERM to process 1; as `end`."""
        os.kill(self.pid(), signal.SIGTERM)
        return self.end(timeout)
