"""Compares vectors of tokens and /rerank with sentence-transformers' MultiVectorEncoder, in float64, on 200 snippets.

    python scripts/judge/late.py BINARY FILE

FILE is a table with a column `text`. The checkpoints are tiny ones in each layout that people have: of PyLate, with
markers that its tokenizer has as tokens of their own, of ColBERT itself, and those that MultiVectorEncoder saves.
Vectors have to agree within 1e-5, and so do scores for each token of their query. Loopback only.
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

import reference  # noqa: F401  (settings of the libraries)
import late_checkpoints
from embeddings import snippets
from late_checkpoints import CHECKPOINTS
from server import Server
from tiny import ENCODERS

TOLERANCE = 1e-5
TEXTS = 200
QUERIES = 20
TEXTS_PER_REQUEST = 25
warnings.filterwarnings("ignore")


def main():
    binary, file = (Path(argument).resolve() for argument in sys.argv[1:])
    texts = snippets(file)[: TEXTS * 5 : 5]
    queries = texts[:: TEXTS // QUERIES]
    failed = 0
    for name in [*CHECKPOINTS, "pylate-added"]:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / name
            if name == "pylate-added":
                with_added_markers(folder)
            else:
                late_checkpoints.write(name, folder)
            model = late_checkpoints.model(folder)
            of_queries, of_documents = late_checkpoints.vectors(model, queries, texts)
            scores = model.similarity(of_queries, of_documents).tolist()
            is_mean = model.similarity_fn_name == "meanmaxsim"
            counts = [1 if is_mean else len(rows) for rows in of_queries]
            for encoder in ENCODERS:
                with Server(binary, folder, encoder) as server:
                    apart = [
                        vectors_apart(server, queries, "query", of_queries),
                        vectors_apart(server, texts, "document", of_documents),
                        scores_apart(server, queries, texts, scores, counts),
                    ]
                failed += max(apart) > TOLERANCE
                words = "vectors of queries {:.1e}, of documents {:.1e}, scores per token {:.1e}".format(*apart)
                print(f"{name}, {encoder}: {words}", flush=True)
    return 1 if failed else 0


def with_added_markers(folder):
    """The layout of PyLate with markers that were added to the tokenizer, space included, as its training does."""
    import torch
    import transformers

    late_checkpoints.write("pylate", folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["[Q] ", "[D] "])
    model = transformers.AutoModel.from_pretrained(folder)
    model.resize_token_embeddings(len(tokenizer))
    rows = model.get_input_embeddings().weight
    with torch.no_grad():
        rows[-2:] = late_checkpoints.numbers("added", *rows[-2:].shape)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    file = folder / "config_sentence_transformers.json"
    options = json.loads(file.read_text(encoding="utf-8")) | {"query_prefix": "[Q] ", "document_prefix": "[D] "}
    file.write_text(json.dumps(options), encoding="utf-8")


def vectors_apart(server, texts, input_type, expected):
    largest = 0.0
    for first in range(0, len(texts), TEXTS_PER_REQUEST):
        body = {"inputs": texts[first : first + TEXTS_PER_REQUEST], "outputs": ["multi_vector"]}
        status, answer = server.post("/embed", body | {"input_type": input_type})
        if status != 200:
            sys.exit(f"status {status}: {answer}")
        for found, rows in zip(answer["outputs"], expected[first:]):
            found, rows = found["multi_vector"], rows.tolist()
            if len(found) != len(rows):
                sys.exit(f"{len(found)} vectors, expected {len(rows)}")
            largest = max(largest, *(abs(a - b) for one, row in zip(found, rows) for a, b in zip(one, row)))
    return largest


def scores_apart(server, queries, documents, expected, counts):
    """The largest difference of scores, each divided by how many products are in it."""
    largest = 0.0
    for query, scores, count in zip(queries, expected, counts):
        status, answer = server.post("/tei/rerank", {"query": query, "texts": documents, "truncate": True})
        if status != 200:
            sys.exit(f"status {status}: {answer}")
        largest = max(largest, *(abs(one["score"] - scores[one["index"]]) / count for one in answer))
    return largest


if __name__ == "__main__":
    sys.exit(main())
