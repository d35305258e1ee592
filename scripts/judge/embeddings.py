"""Compares a model's embeddings of 1,000 labelled snippets with those of sentence-transformers in float64.

    python scripts/judge/embeddings.py BINARY MODEL FILE

FILE is a table with a column `text`. Fails if the cosine is below 0.999999 for a text, with either encoder.
Loopback only.
"""

import csv
import sys
from pathlib import Path

import numpy
from reference import Reference
from server import Server
from tiny import ENCODERS

LEAST_COSINE = 0.999999
TEXTS = 1000
TEXTS_PER_REQUEST = 50


def main():
    binary, model, file = (Path(argument).resolve() for argument in sys.argv[1:])
    texts = snippets(file)
    expected = numpy.asarray(Reference(model).native(texts), float)
    lowest = 1.0
    for encoder in ENCODERS:
        found = embed(binary, model, encoder, texts)
        norms = numpy.linalg.norm(found, axis=1) * numpy.linalg.norm(expected, axis=1)
        cosines = (found * expected).sum(1) / norms
        print(f"{model.name}, {encoder}: lowest cosine of {len(texts)} texts {cosines.min():.9f}", flush=True)
        lowest = min(lowest, cosines.min())
    return 0 if lowest >= LEAST_COSINE else 1


def snippets(file):
    """Texts from all over the file."""
    with file.open(encoding="utf-8", newline="") as table:
        rows = [row["text"] for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)]
    step = len(rows) // TEXTS
    return [text for text in rows[::step] if text.strip()][:TEXTS]


def embed(binary, model, encoder, texts):
    rows = []
    with Server(binary, model, encoder) as server:
        for first in range(0, len(texts), TEXTS_PER_REQUEST):
            inputs = texts[first : first + TEXTS_PER_REQUEST]
            status, answer = server.post("/embed", {"inputs": inputs, "recipe": "native"})
            if status != 200:
                sys.exit(f"{encoder}: status {status}: {answer}")
            rows += answer["embeddings"]
    return numpy.asarray(rows, float)


if __name__ == "__main__":
    sys.exit(main())
