"""Trains heads on the sets of `make judge-sets` and judges what is made of few rows.

    python scripts/sets/judge.py STRATA FOLDER

For the tags of Debian's packages it compares the chosen thresholds with one threshold that all labels
share, chosen in the same way and written in the head's report: micro and macro F1 on the held-out rows,
averaged over the seeds. It ends with 1 if the average is below the goal. For the other sets it prints
the scores on the held-out rows; `scripts/sklearn_baseline.py` scores scikit-learn on the features that
are written beside each set.
"""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.metrics import f1_score

# Points of F1 over one shared threshold, at least: micro, macro.
GOALS = {109: (-0.5, None), 30: (-0.5, 1.0), 12: (-0.5, 1.0)}


def train(strata: str, file: Path, more: list[str]) -> tuple[dict, Path, Path]:
    head, features = file.parent / "heads" / file.stem, file.with_suffix(".safetensors")
    command = [strata, "train", "--data", str(file), "--out", str(head), "--save-features", str(features), *more]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads((head / "head.json").read_text()), head, features


def scores(head: dict, folder: Path, features: Path) -> dict[str, np.ndarray]:
    """Micro and macro F1 in percent on the held-out rows: chosen thresholds, the shared one, and 0.5."""
    layers, saved = load_file(folder / "head.safetensors"), load_file(features)
    [weight], [bias] = ([layers[name] for name in layers if name.endswith(end)] for end in ("weight", "bias"))
    held_out = saved["held_out"] == 1
    logits = saved["features"][held_out].astype(np.float64) @ weight.T.astype(np.float64) + bias
    probabilities = (1 / (1 + np.exp(-logits / head["temperature"]))).astype(np.float32)
    actual = saved["labels"][held_out]
    thresholds = {
        "chosen": np.array(head["thresholds"], np.float32),
        "shared": np.float32(head["training"]["thresholds"]["shared"]),
        "half": np.float32(0.5),
    }
    averages = ("micro", "macro")
    return {
        name: np.array([100 * f1_score(actual, probabilities >= t, average=a, zero_division=0) for a in averages])
        for name, t in thresholds.items()
    }


def judge_tags(strata: str, folder: Path) -> bool:
    found, rules = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    for file in sorted(folder.glob("tags-*.jsonl")):
        number = int(re.match(r"tags-(\d+)-", file.name)[1])
        head, out, features = train(strata, file, ["--problem-type", "multi-label"])
        rules[number].append(head["training"]["thresholds"]["rule"])
        for name, pair in scores(head, out, features).items():
            found[number][name].append(pair)
    reached = True
    for number, (micro_goal, macro_goal) in GOALS.items():
        mean = {name: np.mean(pairs, axis=0) for name, pairs in found[number].items()}
        micro, macro = mean["chosen"] - mean["shared"]
        shown = ", ".join(f"{name} {pair[0]:.2f} / {pair[1]:.2f} %" for name, pair in mean.items())
        ok = micro >= micro_goal and (macro_goal is None or macro >= macro_goal)
        reached &= ok
        verdict = "reached" if ok else "MISSED"
        print(f"{number} tags: micro / macro F1 {shown}; over shared {micro:+.2f} / {macro:+.2f}: {verdict}", end="; ")
        print(f"rules {rules[number]}", flush=True)
    return reached


def judge_sets(strata: str, folder: Path) -> None:
    for name, more in {"trec": [], "sms": [], "r52": [], "valence": ["--problem-type", "regression"]}.items():
        head, *_ = train(strata, folder / f"{name}.csv", more)
        training = head["training"]
        held_out = {name: value for name, value in training["held_out"].items() if isinstance(value, float)}
        shown = ", ".join(f"{metric} {value:.4f}" for metric, value in held_out.items())
        temperature = training.get("calibration", {}).get("temperature")
        print(f"{name}: {shown}, C = {training['strength']}, temperature {temperature}", flush=True)


if __name__ == "__main__":
    strata, folder = sys.argv[1], Path(sys.argv[2])
    reached = judge_tags(strata, folder)
    judge_sets(strata, folder)
    sys.exit(0 if reached else 1)
