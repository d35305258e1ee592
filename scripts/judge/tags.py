"""Compares /tag with transformers' pipeline for token classification, in float64, on 200 snippets.

    python scripts/judge/tags.py BINARY FILE

FILE is a table with a column `text`. The checkpoints are tiny, one for each kind of tokenizer. All spans have to be
the same, with every aggregation, and scores to agree within 1e-5. Loopback only.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import reference  # noqa: F401  (settings of the libraries)
import tag_checkpoints
from embeddings import snippets
from server import Server
from tiny import ENCODERS

TOLERANCE = 1e-5
TEXTS = 200
warnings.filterwarnings("ignore")


def main():
    binary, file = (Path(argument).resolve() for argument in sys.argv[1:])
    texts = snippets(file)[: TEXTS * 5 : 5]
    failed = 0
    for name in tag_checkpoints.NAMES:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / name
            tag_checkpoints.write(name, folder)
            pipelines = tag_checkpoints.pipelines(folder)
            expected = {kind: [tag_checkpoints.spans(one, text) for text in texts] for kind, one in pipelines.items()}
            for encoder in ENCODERS:
                largest, count, wrong = compare(binary, folder, encoder, texts, expected)
                failed += wrong
                print(
                    f"{name}, {encoder}: {count} spans of {len(texts)} texts and {len(expected)} aggregations, "
                    f"{wrong} texts differ, largest difference of scores {largest:.1e}",
                    flush=True,
                )
    return 1 if failed else 0


def compare(binary, folder, encoder, texts, expected):
    """(the largest difference of scores, spans, texts that differ)"""
    largest, count, wrong = 0.0, 0, 0
    with Server(binary, folder, encoder) as server:
        for kind, lists in expected.items():
            for first in range(0, len(texts), 50):
                body = {"inputs": texts[first : first + 50], "aggregation": kind}
                status, answer = server.post("/tag", body)
                if status != 200:
                    sys.exit(f"{folder.name}: status {status}: {answer}")
                for found, wanted, text in zip(answer["results"], lists[first:], body["inputs"]):
                    found = [[one["label"], one["score"], one["start"], one["end"]] for one in found]
                    same = [(label, *span) for label, _, *span in found] == [(label, *span) for label, _, *span in wanted]
                    apart = max((abs(a[1] - b[1]) for a, b in zip(found, wanted)), default=0.0)
                    count, largest = count + len(wanted), max(largest, apart)
                    if not same or apart > TOLERANCE:
                        wrong += 1
                        print(f"{folder.name} {encoder} {kind}: {text!r}: {found[:3]}… instead of {wanted[:3]}…")
    return largest, count, wrong


if __name__ == "__main__":
    sys.exit(main())
