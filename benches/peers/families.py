"""Each family of encoders on Strata and on other engines, in f32 on 32 x 128 tokens: `make bench-families`.

For each family a checkpoint of its base size with random weights is made, and the same batch computed by Strata,
PyTorch, onnxruntime and OpenVINO, each with its fastest settings. As in run.py, every peer is a process that
computes only on request, rounds rotate, and a ratio is taken within a round against the fastest other engine; the
result is the median. BERT-base comes first and last: a family's ratio is to be at most 0.05 below BERT's in the
same run. RoBERTa stands for XLM-RoBERTa and CamemBERT, whose base sizes differ from it in the vocabulary alone.

Writes target/peers/families.json and prints a table.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import report
import run

FOLDER = run.TARGET / "families"
TOKENIZERS = run.ROOT / "tests" / "fixtures" / "families"
CASE = "32x128"
FAMILIES = ["bert", "roberta", "mpnet", "distilbert", "modernbert", "nomic_bert", "gte", "deberta-v2", "electra", "albert"]
ENGINES = ["torch", "onnxruntime", "openvino"]
GOAL = 0.05


@dataclass
class Model:
    name: str
    folder: Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--families", type=lambda text: text.split(","), default=FAMILIES)
    parser.add_argument("--worker", type=Path, help="an existing build of worker.rs (default: build it with cargo)")
    options = parser.parse_args()
    worker = options.worker or run.build_worker()
    FOLDER.mkdir(parents=True, exist_ok=True)
    order = [*options.families, options.families[0]] if len(options.families) > 1 else options.families
    results = [measure(family, worker, options.rounds) for family in order]
    ends = [result["ratio"] for result in results if result["family"] == order[0]]
    base = report.median(ends)
    print(f"\n| family | over the best | best | goal | {' | '.join(['strata', *ENGINES])} (ms) |")
    print("|---|---|---|---|" + "---|" * (1 + len(ENGINES)))
    for result in results:
        goal = "" if result["family"] == order[0] else f"{base - GOAL:.2f}"
        times = " | ".join(f"{1000 * result['seconds'][name]:.0f}" for name in ["strata", *ENGINES])
        print(f"| {result['family']} | {result['ratio']:.2f} | {result['best']} | {goal} | {times} |")
    kept = {"machine": run.machine(), "results": results}
    (run.TARGET / "families.json").write_text(json.dumps(kept, indent=1) + "\n")


def measure(family, worker, rounds):
    model = Model(family, FOLDER / family)
    script = run.HERE / "family_worker.py"
    run.subprocess.run([sys.executable, "-B", script, "make", model.folder, TOKENIZERS], check=True)
    commands = {"strata": [worker, "f32"]}
    commands |= {engine: [sys.executable, "-B", script, engine] for engine in ENGINES}
    peers = []
    for name, command in commands.items():
        run.say(f"{family}: {name}")
        peer = run.Peer(name, command, model)
        peer.warm_up(CASE)
        peers.append(peer)
    run.check_idle(peers)
    seconds = {peer.name: [] for peer in peers}
    for turn in range(rounds):
        first = turn % len(peers)
        for peer in peers[first:] + peers[:first]:
            seconds[peer.name].append(peer.turn(CASE))
    settings = {peer.name: peer.settings for peer in peers}
    for peer in peers:
        peer.stop()
    others = list(zip(*(seconds[name] for name in ENGINES)))
    ratios = [min(times) / own for own, times in zip(seconds["strata"], others)]
    medians = {name: report.median(times) for name, times in seconds.items()}
    result = {
        "family": family,
        "ratio": report.median(ratios),
        "best": min(ENGINES, key=medians.get),
        "seconds": medians,
        "settings": settings,
    }
    run.say(f"{family}: {result['ratio']:.3f} over {result['best']}, {medians}")
    return result


if __name__ == "__main__":
    main()
