"""The same work on Strata and its peers, on this machine, in one run: `make bench-peers`.

Every peer is a process that computes only when told to, so that one works at a time. Each is tuned
first, on every case; then come the rounds: a case at a time, each peer in turn, the order rotated
from round to round. A machine drifts, so a ratio is taken within a round, against whichever peer of
the class was best in it, and the median of the rounds is given.

Writes target/peers/results.json and table.md; a whole run, which takes about half an hour on two cores,
also benches/peers.svg and what stands between the two marks of benches/RESULTS.md.
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

import report
import work

ROOT = work.ROOT
HERE = Path(__file__).resolve().parent
TARGET = ROOT / "target" / "peers"
MINILM = ROOT / "models" / "all-MiniLM-L6-v2"
BASE = TARGET / "bert-base"
# Stands for the Rust worker's path until it is built.
STRATA = "worker.rs"
# A turn lasts about this long; what takes longer is run once.
TURN_SECONDS = 1.0
MOST_REPEATS = 50
WARM_RUNS, WARM_SECONDS = 6, 15.0
TICKS = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
# Processor time that a peer may use in a second in which it isn't asked for anything.
IDLE_SECONDS = 0.02


def python(engine, precision):
    return [sys.executable, "-B", HERE / "worker.py", engine, precision, "--exports", TARGET / "exports"]


PEERS = {
    "strata f32": [STRATA, "f32"],
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
    """A worker process and the protocol of worker.py."""

    def __init__(self, name, command, model):
        self.name, self.tuned, self.repeats = name, {}, {}
        self.log = TARGET / "logs" / f"{model.folder.name}, {name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [*command, "--model", model.folder], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log.open("w"),
        )
        ready = self.listen()
        self.version, self.settings = ready["version"], ready["settings"]

    def ask(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.listen()
        if "error" in answer:
            sys.exit(f"{self.name}, asked {request}: {answer['error']} (see {self.log})")
        return answer

    def listen(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self.process.wait()}; its last words are in {self.log}")
        return json.loads(line)

    def warm_up(self, case):
        """OpenVINO compiles for every new shape, in each stream for itself, and which stream a batch
        falls to is chance: it is half a dozen runs of the snippets until all is compiled."""
        started, runs = time.monotonic(), 0
        while runs < 2 or (runs < WARM_RUNS and time.monotonic() - started < WARM_SECONDS):
            seconds = self.ask(case=case)["seconds"]
            runs += 1
        self.repeats[case] = max(1, min(MOST_REPEATS, int(TURN_SECONDS / seconds)))

    def turn(self, case):
        """Seconds, the median of a turn. Whoever had the machine before left the caches full of its
        own, so that the first of several isn't counted."""
        repeats = self.repeats[case]
        seconds = self.ask(case=case, repeat=repeats + (repeats > 1))["seconds"]
        return report.median(seconds[repeats > 1 :])

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    given = arguments()
    TARGET.mkdir(parents=True, exist_ok=True)
    peers = commands(given)
    models = [model for model in MODELS if given.model is None or given.model in model.name]
    sections = [measure(model, peers, given) for model in models if cases_of(model, given)]
    results = {"date": date.today().isoformat(), "machine": machine(), "sections": sections}
    (TARGET / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    table = report.markdown(results)
    (TARGET / "table.md").write_text(table)
    whole = not (given.quick or given.only or given.cases or given.model)
    plot = (ROOT / "benches" if whole else TARGET) / "peers.svg"
    plot.write_text(report.svg(results))
    if whole:
        report.put_between_marks(ROOT / "benches" / "RESULTS.md", table)
    print(f"\n{table}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=lambda text: text.split(","), help="e.g. 32x128,snippets")
    parser.add_argument("--only", type=lambda text: text.split(","), help="e.g. strata,'openvino f32'")
    parser.add_argument("--model", choices=["MiniLM", "BERT-base"], help="one of the two")
    parser.add_argument("--worker", type=Path, help="worker.rs as built elsewhere; else cargo builds it")
    parser.add_argument("--quick", action="store_true", help="two rounds of MiniLM, untuned")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.model = 2, "MiniLM"
    if unknown := set(given.cases or []) - set(work.CASES):
        parser.error(f"unknown cases {', '.join(sorted(unknown))}; there are {', '.join(work.CASES)}")
    return given


def commands(given):
    """The peers whose name contains one of `--only`, with the Rust worker built."""
    names = [name for name in PEERS if given.only is None or any(part in name for part in given.only)]
    if not names:
        sys.exit(f"no such peer; there are {', '.join(PEERS)}")
    if any(PEERS[name][0] == STRATA for name in names):
        built = given.worker or build()
    return {name: [built if part == STRATA else part for part in PEERS[name]] for name in names}


def build():
    """Builds worker.rs, and returns where cargo put it."""
    command = ["cargo", "build", "--release", "--locked", "--bench", "peer_worker", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit("worker.rs doesn't build; --only leaves out the peers that need it")
    messages = map(json.loads, built.stdout.splitlines())
    # One message an artifact, the server's binary among them.
    ours = (message for message in messages if message.get("target", {}).get("name") == "peer_worker")
    (path,) = [path for message in ours if (path := message.get("executable"))]
    return path


def cases_of(model, given):
    return [case for case in model.cases if given.cases is None or case in given.cases]


def measure(model, commands, given):
    prepare(model)
    cases = cases_of(model, given)
    peers = []
    for name, command in commands.items():
        say(f"{model.name}: {name}, ", end="")
        peer = Peer(name, command, model)
        if not given.quick:
            say("tuning, ", end="")
            peer.tuned = tuned(peer, model, cases)
        say("warming up")
        for case in cases:
            peer.warm_up(case)
        peers.append(peer)
    refuse_the_restless(peers)
    figures = {name: {case: [] for case in cases} for name in commands}
    others = Others(peers)
    for round in range(given.rounds):
        for case in cases:
            say(f"round {round + 1} of {given.rounds}: {case}")
            first = round % len(peers)
            for peer in peers[first:] + peers[:first]:
                figures[peer.name][case].append(peer.turn(case))
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
                "seconds": figures[peer.name],
            }
            for peer in peers
        },
    }


def tuned(peer, model, cases):
    """What each peer does best with, case by case: found on MiniLM and kept, and taken from there for
    the larger model, on which trying all takes half an hour."""
    file = TARGET / "tuned" / f"{peer.name}.json"
    if model.folder == BASE:
        if not file.exists():
            sys.exit(f"{file} isn't there: measure MiniLM first")
        plans = json.loads(file.read_text())
        if plans:
            peer.ask(plans=plans)
        return {case: plans[case] for case in cases if case in plans}
    plans = peer.ask(tune=cases)["tuned"]
    # Strata and candle have nothing to choose and answer `true`.
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
            sys.exit(f"the exports of {model.name} failed: see {log.name}")


def refuse_the_restless(peers):
    """A peer that spins while it waits would slow all others."""
    time.sleep(1)
    before = [peer.processor_seconds() for peer in peers]
    time.sleep(1)
    for peer, then in zip(peers, before):
        if peer.processor_seconds() - then > IDLE_SECONDS:
            sys.exit(f"{peer.name} uses the processor while it waits")


class Others:
    """What processes other than the peers use of the cores, and what a hypervisor takes away: where
    it isn't next to nothing, the figures are too low and the ratios uncertain."""

    def __init__(self, peers):
        self.peers, self.started, self.before = peers, time.monotonic(), self.seconds(peers)

    @staticmethod
    def seconds(peers):
        ticks = dict(zip(TICKS, map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])))
        busy = sum(ticks[kind] for kind in TICKS if kind not in ["idle", "iowait"])
        return busy / os.sysconf("SC_CLK_TCK") - sum(peer.processor_seconds() for peer in peers)

    def share(self):
        elapsed = time.monotonic() - self.started
        used = (self.seconds(self.peers) - self.before) / (elapsed * len(os.sched_getaffinity(0)))
        return round(max(0.0, used), 3)


def machine():
    info = Path("/proc/cpuinfo").read_text().splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in info)}
    cpu, family, number = (fields.get(key, "?") for key in ["model name", "cpu family", "model"])
    return {"cpu": f"{cpu} (family {family}, model {number})", "cores": len(os.sched_getaffinity(0))}


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
