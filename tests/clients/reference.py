"""Rows of sentence-transformers, for `vector_store.py`: `python reference.py MODEL DATA OUT`.

Writes 1,000 snippets of the shipped texts, spread over their four sources, 50 queries from others of them,
and the rows of both, in float32 as sentence-transformers computes them.
"""

import sys
from pathlib import Path

import numpy
from sentence_transformers import SentenceTransformer

SNIPPETS, QUERIES = 1000, 50


def texts(folder):
    """Equally many distinct texts from each source, then the queries, none of which is a snippet."""
    sources = sorted(Path(folder).glob("*_GroundTruth.txt"))
    assert len(sources) == 4, f"{folder} has {len(sources)} sources; run `make data`"
    lists = [
        [line.split("\t", 2)[2].strip() for line in source.read_text(encoding="utf-8").splitlines()]
        for source in sources
    ]
    mixed = dict.fromkeys(text for row in zip(*lists) for text in row if text)
    chosen = list(mixed)[: SNIPPETS + QUERIES]
    assert len(chosen) == SNIPPETS + QUERIES
    return chosen


def main():
    folder, data, out = sys.argv[1:]
    model = SentenceTransformer(folder, device="cpu")
    chosen = texts(data)
    rows = model.encode(chosen, batch_size=32, convert_to_numpy=True).astype(numpy.float32)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    numpy.savez(out, texts=numpy.array(chosen), rows=rows, snippets=SNIPPETS)


if __name__ == "__main__":
    main()
