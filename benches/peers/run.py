"""Gives the same work to Strata and its peers, on this machine in one run: `make bench-peers`.

Every peer is a process that computes only on request, so that only one of them works at a time. First
each peer is tuned on every case. Then come the rounds: in each round, for each case, every peer runs
once, in an order that rotates from round to round. Because the speed of a machine drifts, a ratio is
taken within a round, against the peer of the group that was fastest in that round; the result is the
median over the rounds.

Writes target/peers/results.json, target/peers/table.md and a plot. A complete run, about half an hour on
two cores, also writes the section of this kind of processor in benches/RESULTS.md, and its plot beside
it; the sections of other kinds stay as they are.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import page
import report
import work

ROOT = work.ROOT
HERE = Path(__file__).resolve().parent
TARGET = ROOT / "target" / "peers"
MINILM = ROOT / "models" / "all-MiniLM-L6-v2"
BASE = TARGET / "bert-base"
# Placeholder for the path of the Rust worker, until it is built.
STRATA = "worker.rs"
# A case is repeated for about this long; a case that takes longer runs once.
TURN_SECONDS = 1.0
MAX_REPEATS = 50
WARM_UP_RUNS, WARM_UP_SECONDS = 6, 15.0
# The columns of /proc/stat.
TICK_KINDS = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
# Processor time that a peer may use in one second without a request.
MAX_IDLE_SECONDS = 0.02


def python(engine, precision):
    return [sys.executable, "-B", HERE / "worker.py", engine, precision, "--exports", TARGET / "exports"]


BY_FMA = "strata f32 fma"
PEERS = {
    "strata f32": [STRATA, "f32"],
    # Only with tiles, where f32 is computed by six products of bf16 unless told not to.
    BY_FMA: [STRATA, "f32-fma"],
    "strata bf16": [STRATA, "bf16"],
    "strata int8": [STRATA, "int8"],
    "candle f32": [STRATA, "candle"],
    "torch f32": python("torch", "f32"),
    "torch bf16": python("torch", "bf16"),
    "onnxruntime f32": python("onnxruntime", "f32"),
    "onnxruntime int8": python("onnxruntime", "int8"),
    "openvino f32": python("openvino", "f32"),
    "openvino bf16": python("openvino", "bf16"),
    "openvino int8": python("openvino", "int8"),
}


@dataclass
class Model:
    name: str
    folder: Path
    cases: list


MODELS = [
    Model("all-MiniLM-L6-v2", MINILM, work.CASES),
    Model("BERT-base's shape, random weights", BASE, ["32x128", "8x512", "1x16"]),
]


class Peer:
    """A worker process, reached by the protocol of worker.py."""

    def __init__(self, name, command, model):
        self.name, self.tuned, self.repeats = name, {}, {}
        self.log = TARGET / "logs" / f"{model.folder.name}, {name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [*command, "--model", model.folder], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("w"),
        )
        ready = self.read_reply()
        self.version, self.settings = ready["version"], ready["settings"]

    def send(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        reply = self.read_reply()
        if "error" in reply:
            sys.exit(f"{self.name} failed on {request}: {reply['error']} (see {self.log})")
        return reply

    def read_reply(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} exited with status {self.process.wait()}; its output is in {self.log}")
        return json.loads(line)

    def warm_up(self, case):
        """OpenVINO compiles for every new shape, separately in each stream, and assigns batches to
        streams at random: it takes about six runs of the snippets until everything is compiled."""
        started, runs = time.monotonic(), 0
        while runs < 2 or (runs < WARM_UP_RUNS and time.monotonic() - started < WARM_UP_SECONDS):
            seconds = self.send(case=case)["seconds"]
            runs += 1
        self.repeats[case] = max(1, min(MAX_REPEATS, int(TURN_SECONDS / seconds)))

    def turn(self, case):
        """Seconds of a case, the median of its repeats. The first of several repeats is not counted,
        because the peer before has filled the caches with its own data."""
        repeats = self.repeats[case]
        seconds = self.send(case=case, repeat=repeats + (repeats > 1))["seconds"]
        return report.median(seconds[repeats > 1 :])

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    options = parse_options()
    TARGET.mkdir(parents=True, exist_ok=True)
    peers = commands(options)
    models = [model for model in MODELS if options.model is None or options.model in model.name]
    sections = [measure(model, peers, options) for model in models if selected_cases(model, options)]
    results = {"date": date.today().isoformat(), "machine": machine(), "sections": sections}
    (TARGET / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    table = report.markdown(results)
    (TARGET / "table.md").write_text(table)
    complete = not (options.quick or options.only or options.cases or options.model)
    plot = (ROOT / "benches" if complete else TARGET) / page.plot_name(results["machine"])
    plot.write_text(report.svg(results))
    if complete:
        page.put_section(ROOT / "benches" / "RESULTS.md", results["machine"], table)
    print(f"\n{table}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=lambda text: text.split(","), help="these cases only, e.g. 32x128,snippets")
    parser.add_argument("--only", type=lambda text: text.split(","), help="these peers only, e.g. strata,'openvino f32'")
    parser.add_argument("--model", choices=["MiniLM", "BERT-base"], help="this model only")
    parser.add_argument("--worker", type=Path, help="an existing build of worker.rs (default: build it with cargo)")
    parser.add_argument("--quick", action="store_true", help="two rounds on MiniLM, without tuning")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.model = 2, "MiniLM"
    if unknown := set(options.cases or []) - set(work.CASES):
        parser.error(f"unknown cases {', '.join(sorted(unknown))}; the cases are {', '.join(work.CASES)}")
    return options


def commands(options):
    """{name: command} of the peers whose name contains one of `--only`. Builds the Rust worker if needed."""
    there = [name for name in PEERS if name != BY_FMA or machine()["amx"]]
    names = [name for name in there if options.only is None or any(part in name for part in options.only)]
    if not names:
        sys.exit(f"no such peer; the peers are {', '.join(PEERS)}")
    if any(PEERS[name][0] == STRATA for name in names):
        worker = options.worker or build_worker()
    return {name: [worker if part == STRATA else part for part in PEERS[name]] for name in names}


def build_worker():
    """Builds worker.rs and returns the path of the executable."""
    command = ["cargo", "build", "--release", "--locked", "--bench", "peer_worker", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit("worker.rs does not compile; use --only to leave out the peers that need it")
    messages = map(json.loads, built.stdout.splitlines())
    # One message per artifact; the server's binary is one of them.
    ours = (message for message in messages if message.get("target", {}).get("name") == "peer_worker")
    (path,) = [path for message in ours if (path := message.get("executable"))]
    return path


def selected_cases(model, options):
    return [case for case in model.cases if options.cases is None or case in options.cases]


def measure(model, commands, options):
    prepare(model)
    cases = selected_cases(model, options)
    peers = []
    for name, command in commands.items():
        say(f"{model.name}: {name}, ", end="")
        peer = Peer(name, command, model)
        if not options.quick:
            say("tuning, ", end="")
            peer.tuned = tune(peer, model, cases)
        say("warming up")
        for case in cases:
            peer.warm_up(case)
        peers.append(peer)
    check_idle(peers)
    seconds = {name: {case: [] for case in cases} for name in commands}
    others = OtherProcesses(peers)
    for round in range(options.rounds):
        for case in cases:
            say(f"round {round + 1} of {options.rounds}: {case}")
            first = round % len(peers)
            for peer in peers[first:] + peers[:first]:
                seconds[peer.name][case].append(peer.turn(case))
    others_share = others.share()
    for peer in peers:
        peer.stop()
    return {
        "model": model.name,
        "others_share": others_share,
        "cases": cases,
        "peers": {
            peer.name: {
                "version": peer.version,
                "settings": peer.settings,
                "tuned": peer.tuned,
                "seconds": seconds[peer.name],
            }
            for peer in peers
        },
    }


def tune(peer, model, cases):
    """{case: fastest plan}. The plans are found on MiniLM and stored; the larger model, on which tuning
    would take half an hour, uses the same plans."""
    file = TARGET / "tuned" / f"{peer.name}.json"
    if model.folder == BASE:
        if not file.exists():
            sys.exit(f"{file} does not exist: measure MiniLM first")
        plans = json.loads(file.read_text())
        if plans:
            peer.send(plans=plans)
        return {case: plans[case] for case in cases if case in plans}
    plans = peer.send(tune=cases)["tuned"]
    # Strata and candle have no settings to tune and answer `true`.
    plans = plans if isinstance(plans, dict) else {}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(plans))
    return plans


def prepare(model):
    if model.folder == BASE:
        subprocess.run([sys.executable, "-B", HERE / "make_base.py", MINILM, BASE], check=True)
    with (TARGET / f"prepare {model.folder.name}.log").open("w") as log:
        command = [sys.executable, "-B", HERE / "prepare.py", model.folder, TARGET / "exports"]
        if subprocess.run(command, stderr=log, stdout=log).returncode:
            sys.exit(f"exporting {model.name} failed: see {log.name}")


def check_idle(peers):
    """Exits if a peer uses the processor while it waits, because that would slow down the others."""
    time.sleep(1)
    earlier = [peer.processor_seconds() for peer in peers]
    time.sleep(1)
    for peer, before in zip(peers, earlier):
        if peer.processor_seconds() - before > MAX_IDLE_SECONDS:
            sys.exit(f"{peer.name} uses the processor while it waits")


class OtherProcesses:
    """The processor time that other processes than the peers use, including what a hypervisor takes
    away. If it is more than about 1 %, the rates are too low and the ratios uncertain."""

    def __init__(self, peers):
        self.peers, self.started, self.before = peers, time.monotonic(), self.seconds(peers)

    @staticmethod
    def seconds(peers):
        ticks = dict(zip(TICK_KINDS, map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])))
        busy = sum(ticks[kind] for kind in TICK_KINDS if kind not in ["idle", "iowait"])
        return busy / os.sysconf("SC_CLK_TCK") - sum(peer.processor_seconds() for peer in peers)

    def share(self):
        elapsed = time.monotonic() - self.started
        used = (self.seconds(self.peers) - self.before) / (elapsed * len(os.sched_getaffinity(0)))
        return round(max(0.0, used), 3)


def machine():
    info = Path("/proc/cpuinfo").read_text().splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in info)}
    keys = ["model name", "vendor_id", "cpu family", "model"]
    cpu, maker, family, number = (fields.get(key, "?") for key in keys)
    amx = "amx_tile" in fields.get("flags", "").split()
    tiles = ", with AMX" if amx else ""
    return {
        "cpu": f"{cpu} (family {family}, model {number}{tiles})",
        "kind": page.kind(maker, family, number, amx),
        "amx": amx,
        "cores": len(os.sched_getaffinity(0)),
    }


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
