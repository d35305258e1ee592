"""Compares /tei/embed_sparse with sentence-transformers' SparseEncoder, in float64, on 200 snippets.

    python scripts/judge/sparse.py BINARY FILE

FILE is a table with a column `text`. The checkpoints are tiny masked language models of each family, saved by
SparseEncoder itself with each kind of pooling. Weights have to agree within 1e-5, and sums within that for each of
their tokens. Loopback only.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import reference  # noqa: F401  (settings of the libraries)
import sparse_checkpoints
from embeddings import snippets
from server import Server
from sparse_checkpoints import CHECKPOINTS, SETTINGS
from tiny import ENCODERS

TOLERANCE = 1e-5
TEXTS = 200
TEXTS_PER_REQUEST = 32
warnings.filterwarnings("ignore")


def main():
    binary, file = (Path(argument).resolve() for argument in sys.argv[1:])
    texts = snippets(file)[: TEXTS * 5 : 5]
    failed = 0
    for name in CHECKPOINTS:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / name
            sparse_checkpoints.write(name, folder)
            for pooling, activation in SETTINGS:
                model = sparse_checkpoints.encoder(folder, pooling, activation)
                expected = sparse_checkpoints.rows(model, texts)
                counts = [min(len(ids), model.max_seq_length) for ids in model.tokenizer(texts)["input_ids"]]
                parts = counts if pooling == "sum" else [1] * len(texts)
                saved = Path(parent) / f"{name}-{pooling}-{activation}"
                # In f32, as the checkpoint is.
                model.float().save_pretrained(str(saved))
                per = " per token" if pooling == "sum" else ""
                for encoder in ENCODERS:
                    largest = compare(binary, saved, encoder, texts, expected, parts)
                    failed += largest > TOLERANCE
                    print(f"{saved.name}, {encoder}: largest difference of weights {largest:.1e}{per}", flush=True)
    return 1 if failed else 0


def compare(binary, folder, encoder, texts, expected, parts):
    """The largest difference of weights, each divided by how many are in it."""
    largest = 0.0
    with Server(binary, folder, encoder) as server:
        for first in range(0, len(texts), TEXTS_PER_REQUEST):
            body = {"inputs": texts[first : first + TEXTS_PER_REQUEST], "truncate": True}
            status, answer = server.post("/tei/embed_sparse", body)
            if status != 200:
                sys.exit(f"{folder.name}: status {status}: {answer}")
            for found, row, count in zip(answer, expected[first:], parts[first:]):
                weights = {one["index"]: one["value"] for one in found}
                apart = (abs(weights.get(index, 0.0) - one) / count for index, one in enumerate(row))
                largest = max(largest, *apart)
    return largest


if __name__ == "__main__":
    sys.exit(main())
