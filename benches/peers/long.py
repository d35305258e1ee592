"""One text of 8,192 tokens beside eight of 1,024, in ModernBERT's base shape with random weights: `make bench-long`.

Prints how much memory Strata takes for each, and how much of it a pass adds to what it holds when it is ready; and the
seconds of both passes, then beside OpenVINO's for the long text: medians of several passes in turn.
"""

import argparse
import sys
from pathlib import Path

import families
import report
import run

SHAPES = ["1x8192", "8x1024"]
MOST = 1.2


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", type=Path, help="an existing build of worker.rs (default: build it with cargo)")
    options = parser.parse_args()
    worker = options.worker or run.build_worker()
    model = families.Model("modernbert", families.FOLDER / "modernbert")
    script = run.HERE / "family_worker.py"
    families.FOLDER.mkdir(parents=True, exist_ok=True)
    run.subprocess.run([sys.executable, "-B", script, "make", model.folder, families.TOKENIZERS], check=True)
    ready, whole = {}, {}
    peers = {shape: run.Peer(f"strata f32 {shape}", [worker, "f32"], model) for shape in SHAPES}
    for shape, peer in peers.items():
        ready[shape] = memory(peer, "VmRSS")
        # Forgets the most that was in use so far.
        Path(f"/proc/{peer.process.pid}/clear_refs").write_text("5")
        peer.send(case=shape)
        whole[shape] = memory(peer, "VmHWM")
    seconds = {shape: [] for shape in SHAPES}
    for _ in range(options.rounds):
        for shape, peer in peers.items():
            seconds[shape].append(peer.send(case=shape)["seconds"])
    for shape in SHAPES:
        print(
            f"{shape}: {report.median(seconds[shape]):.2f} s, {whole[shape]:.0f} MB, "
            f"{whole[shape] - ready[shape]:.0f} of them for the pass"
        )
    of_all = whole[SHAPES[0]] / whole[SHAPES[1]]
    of_pass = (whole[SHAPES[0]] - ready[SHAPES[0]]) / (whole[SHAPES[1]] - ready[SHAPES[1]])
    print(f"memory of {SHAPES[0]} over {SHAPES[1]}: {of_all:.2f}, of the pass alone {of_pass:.2f}; at most {MOST}")
    beside_openvino(peers[SHAPES[0]], [sys.executable, "-B", script, "openvino", SHAPES[0]], model, options.rounds)
    for peer in peers.values():
        peer.stop()
    return 0 if max(of_all, of_pass) <= MOST else 1


def beside_openvino(strata, command, model, rounds):
    """The seconds of both for the long text, in turn. OpenVINO takes minutes to find its fastest setting."""
    openvino = run.Peer("openvino", command, model)
    seconds = {peer: [] for peer in (strata, openvino)}
    for _ in range(rounds):
        for peer, taken in seconds.items():
            taken.append(peer.send(case=SHAPES[0])["seconds"])
    openvino.stop()
    of_strata, of_openvino = (report.median(taken) for taken in seconds.values())
    print(f"{SHAPES[0]}: {of_strata:.2f} s, by openvino {of_openvino:.2f} s, {openvino.settings}")


def memory(peer, field):
    """MB of a process."""
    lines = Path(f"/proc/{peer.process.pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    sys.exit(main())
