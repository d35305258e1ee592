"""Trains a head that classifies tokens on CoNLL-2003, serves it, and compares its scores with seqeval's.

    python scripts/judge/ner.py BINARY MODEL FOLDER

FOLDER has train.conll and test.conll. The head is trained on the one and scored on the other: `strata train` and
`strata evaluate` have to print what seqeval finds in the labels of words that /tag gives for the served head, the
label of a word being that of its first token. Loopback only.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from seqeval import metrics
from server import Server

# Of shares that are computed from the same counts.
TOLERANCE = 1e-12
TEXTS_PER_REQUEST = 32
RECIPE = '{"layers": [-1]}'


def main():
    binary, model, folder = (Path(argument).resolve() for argument in sys.argv[1:])
    test = folder / "test.conll"
    with tempfile.TemporaryDirectory() as heads:
        command = ["--model", model, "--problem-type", "token", "--recipe", RECIPE, "--out", f"{heads}/ner"]
        print(run(binary, ["train", "--data", folder / "train.conll", "--test", test, *command]))
        evaluate = ["evaluate", "--model", model, "--head", f"{heads}/ner", "--data", test, "--json"]
        evaluated = json.loads(run(binary, evaluate))
        trained = json.loads(Path(heads, "ner", "head.json").read_text(encoding="utf-8"))["training"]["entities"]
        texts = read(test)
        with Server(binary, model, "packed", {"STRATA_HEADS": heads}) as server:
            predicted = [labels for batch in batches(texts) for labels in ask(server, batch)]
    actual = [tags for _, tags in texts]
    largest = max(compare(found, actual, predicted) for found in (trained, evaluated))
    micro = evaluated["micro"]["f1"]
    print(f"{len(texts)} texts: micro F1 {micro:.4f}, largest difference to seqeval {largest:.1e}")
    return 0 if largest < TOLERANCE else 1


def run(binary, arguments):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run([binary, *arguments], env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: strata {arguments[0]} failed: {done.stderr.strip()}")
    return done.stdout


def read(file):
    """[(words, tags)]"""
    texts, words, tags = [], [], []
    for line in [*file.read_text(encoding="utf-8").split("\n"), ""]:
        if line and not line.startswith("-DOCSTART-"):
            fields = line.split()
            words.append(fields[0])
            tags.append(fields[-1])
        elif words:
            texts.append((words, tags))
            words, tags = [], []
    return texts


def batches(texts):
    return [texts[at : at + TEXTS_PER_REQUEST] for at in range(0, len(texts), TEXTS_PER_REQUEST)]


def ask(server, texts):
    """The labels of the words of each text."""
    body = {
        "inputs": [" ".join(words) for words, _ in texts],
        "head": "ner",
        "aggregation": "none",
        "ignore_labels": [],
        "long_text": "window",
    }
    status, answer = server.post("/tag", body)
    if status != 200:
        sys.exit(f"error: /tag answers {status}: {answer}")
    return [labels(words, spans) for (words, _), spans in zip(texts, answer["results"])]


def labels(words, spans):
    found, start = [], 0
    for word in words:
        end = start + len(word)
        first = next((span for span in spans if span["start"] < end and span["end"] > start), None)
        found.append(first["label"] if first else "O")
        start = end + 1
    return found


def compare(found, actual, predicted):
    """The largest difference of any score."""
    report = metrics.classification_report(actual, predicted, output_dict=True, zero_division=0)
    differences = [abs(found["accuracy"] - metrics.accuracy_score(actual, predicted))]

    def add(scores, row):
        for name, other in [("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")]:
            differences.append(abs((scores.get(name) or 0.0) - row[other]))

    for name in ("micro", "macro", "weighted"):
        add(found[name], report.pop(f"{name} avg"))
    if {scores["label"] for scores in found["per_label"]} != set(report):
        sys.exit(f"error: other labels than seqeval's, {sorted(report)}")
    for scores in found["per_label"]:
        add(scores, report[scores["label"]])
        differences.append(abs(scores["rows"] - report[scores["label"]]["support"]))
    return max(differences)


if __name__ == "__main__":
    sys.exit(main())
