"""Checks of containers that run."""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tour import tour

DNS = Path(__file__).with_name("dns.py")
STRATA = "/usr/local/bin/strata"
FIELDS = ("timestamp", "level", "target", "message")
MOST_SECONDS = 1.0


def json_lines(text):
    """The lines of a log in JSON; None if any isn't, or lacks a field."""
    try:
        lines = [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return None
    return lines if all(isinstance(line.get(field), str) for line in lines for field in FIELDS) else None


def healthy(running):
    done = running.execute(*running.health)
    return done.returncode == 0 and done.stdout == "ready\n", done.stdout.strip() or done.stderr.strip()


@contextlib.contextmanager
def ready(image, **options):
    """A container that is ready, with its ready line and the seconds that it took."""
    with image.start(**options) as running:
        running.health = image.config["Healthcheck"]["Test"][1:]
        running.line, running.seconds = running.ready()
        yield running


def check_default(report, image, readme):
    """The image's own command: rights, ready line, time, health, the README's tour, memory, stop."""
    tag = image.tag
    starts = [one_start(image) for _ in range(3)]
    with ready(image) as running:
        starts.append(running.seconds)
        seconds = statistics.median(starts)
        found = f"{seconds:.2f} s, the median of {', '.join(f'{start:.2f}' for start in starts)}"
        report.check(f"{tag}: start to ready, at most {MOST_SECONDS} s", seconds <= MOST_SECONDS, found)
        rights = [running.status(field) for field in ("NSpid", "Uid", "CapEff", "NoNewPrivs")]
        pid, uid = rights[0].split()[-1], rights[1].split()[0]
        report.equal(f"{tag}: process, user", f"{pid}, {uid}", f"1, {image.user()[0]}")
        report.equal(f"{tag}: capabilities, no_new_privs", rights[2:], ["0" * 16, "1"])
        written = running.shell(f"nsenter --target {running.pid()} --mount --root {STRATA} man --out /strata/man")
        report.check(f"{tag}: the root is read-only", "Read-only file system" in written.stderr, written.stderr.strip())
        report.check(f"{tag}: the ready line is JSON", json_lines(running.line), running.line[:60] + "…")
        report.check(f"{tag}: health check", *healthy(running))
        count, wrong = tour(running, readme)
        report.check(f"{tag}: the README's tour", count >= 5 and not wrong, wrong or f"{count} examples")
        memory = {field: int(running.status(field).split()[0]) * 1024 / 1e6 for field in ("VmRSS", "VmHWM")}
        report.note(f"{tag}: memory after the tour {memory['VmRSS']:.0f} MB, at most {memory['VmHWM']:.0f} MB")
        started = time.monotonic()
        code, printed, log = running.terminate()
        report.equal(f"{tag}: SIGTERM, exit code", code, 0)
        report.note(f"{tag}: from SIGTERM to the end {time.monotonic() - started:.1f} s")
        report.check(f"{tag}: all that it printed is JSON", json_lines(printed + log), f"{len(log.splitlines())} lines")


def one_start(image):
    with ready(image) as running:
        return running.seconds


def check_port(report, image):
    """The health check asks the server wherever it listens, with a process 1 of the engine too."""
    for init in (False, True):
        named = "with an init" if init else "as process 1"
        with ready(image, command=["serve", "--port", "18090"], init=init) as running:
            report.check(f"{image.tag}: health check with --port 18090, {named}", *healthy(running))
            if init:
                report.equal(f"{image.tag}: SIGTERM, {named}, exit code", running.terminate()[0], 0)
    with ready(image, env={"STRATA_PORT": "9000"}) as running:
        report.check(f"{image.tag}: health check with STRATA_PORT=9000", *healthy(running))


def check_refusals(report, image):
    """Errors that end the server are JSON, and their advice can be followed in a container."""
    for command, named in ((["serve"], "target with-model"), (["serve", "--prot", "1"], "--port")):
        with image.start(command=command) as running:
            code, printed, log = running.end()
        lines = json_lines(log) or [{"message": log}]
        fatal = lines[-1]
        report.check(
            f"{image.tag}: {' '.join(command)} is refused in JSON",
            code == 2 and not printed and fatal.get("level") == "ERROR" and named in fatal["message"],
            fatal["message"],
        )


def check_volumes(report, image, model, folder):
    """A model, a configuration and heads from volumes; a head is trained in a container and served."""
    place = "/strata/models/mine"
    binds, env = [(model, place, False)], {"STRATA_MODEL": place}
    config = folder / "strata.toml"
    config.write_text('port = 9001\nmodel = "models/mine"\naliases = ["alias"]\n')
    with ready(image, binds=[*binds, (config, "/strata/config/strata.toml", False)]) as running:
        info = running.shell("curl -s localhost:9001/v1/models").stdout
        report.check(f"{image.tag}: model and configuration from volumes", '"alias"' in info, info)
        report.check(f"{image.tag}: health check with a port of the configuration", *healthy(running))
    for name, heads, user in named_volume(image, folder), own_folder(folder):
        train(report, image, name, [*binds, (heads, "/strata/heads", True)], env, user, folder)


def named_volume(image, folder):
    """What an engine makes of a named volume: the folder of the image, with its owner."""
    heads = folder / "volume"
    shutil.copytree(image.root / "strata/heads", heads)
    owner = (image.root / "strata/heads").stat()
    os.chown(heads, owner.st_uid, owner.st_gid)
    return "a named volume", heads, None


def own_folder(folder):
    """A folder of someone who passes their own number to the engine."""
    heads = folder / "heads"
    heads.mkdir()
    os.chown(heads, 12345, 12345)
    return "a folder, as its owner", heads, (12345, 12345)


def train(report, image, name, binds, env, user, folder):
    data = folder / "data.tsv"
    rows = [f"{word} number {i}\t{label}" for i in range(40) for word, label in (("good", "a"), ("bad", "b"))]
    data.write_text("text\tlabel\n" + "\n".join(rows) + "\n")
    command = ["train", "--data", "data.tsv", "--out", "heads/mine", "--no-cache"]
    with image.start(command=command, env=env, binds=[*binds, (data, "/strata/data.tsv", False)], user=user) as running:
        code, _, log = running.end(timeout=300)
    report.check(f"{image.tag}: strata train --out heads/mine into {name}", code == 0, log.splitlines()[-1:] or "")
    with ready(image, env=env, binds=binds, user=user) as running:
        heads = json.loads(running.shell("curl -s localhost:8080/info").stdout)["heads"]
        report.check(f"{image.tag}: the head in {name} is served", "mine" in heads, sorted(heads))


def check_names(report, image, program, folder):
    """Names of hosts are found, in the hosts file and by DNS: by a program of the base system, with the
    image's C library."""
    files = {"hosts": "192.0.2.7 collector\n", "resolv.conf": "nameserver 127.0.0.1\n"}
    binds = [(program, "/tmp/getent", False)]
    for name, content in files.items():
        (folder / name).write_text(content)
        binds.append((folder / name, f"/etc/{name}", False))
    with ready(image, binds=binds) as running, dns_server(running, "192.0.2.8"):
        for name, address, source in (("collector", "192.0.2.7", "the hosts file"), ("other", "192.0.2.8", "DNS")):
            done = running.execute("/tmp/getent", "hosts", name)
            found = done.stdout.split("\n")[0] or done.stderr
            report.check(f"{image.tag}: a name of a host in {source}", found.startswith(f"{address} "), found)


@contextlib.contextmanager
def dns_server(running, address):
    """A DNS server in a container's network that has this address for every name."""
    command = [*running.nsenter("--net"), sys.executable, "-B", str(DNS), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            # It has a line for us once it listens.
            server.stdout.readline()
            yield
        finally:
            server.kill()
