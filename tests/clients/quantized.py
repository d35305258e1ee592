"""`/v2/embed`'s int8, uint8, binary and ubinary, against sentence-transformers' `quantize_embeddings`.

Environment: CALIBRATION is the file of texts, one per line, from which `strata calibrate` computed the
server's ranges. The ranges are computed here once more, from the server's own floats of those texts.
"""

import functools
import os
from pathlib import Path

import numpy
from claims import TEXTS, call, claim, main, model
from sentence_transformers.quantization import quantize_embeddings

BATCH = 96
DIMENSIONS = (None, 64)


def embed(texts, types, dimensions):
    """(texts, width) per type, as `/v2/embed` answers."""
    body = {"model": model(), "input_type": "search_document", "embedding_types": types}
    body |= {"output_dimension": dimensions} if dimensions else {}
    rows = {kind: [] for kind in types}
    for start in range(0, len(texts), BATCH):
        answer = call("/v2/embed", body | {"texts": texts[start : start + BATCH]})
        for kind in types:
            rows[kind] += answer["embeddings"][kind]
    return {kind: numpy.array(rows[kind]) for kind in types}


@functools.cache
def ranges():
    """The smallest and largest value of each dimension, (2, dimensions) in float32."""
    texts = Path(os.environ["CALIBRATION"]).read_text(encoding="utf-8").splitlines()
    rows = embed(texts, ["float"], None)["float"].astype(numpy.float32)
    return numpy.vstack([rows.min(axis=0), rows.max(axis=0)])


def check(kinds, dimensions, ranges=None):
    rows = embed(TEXTS, ["float", *kinds], dimensions)
    floats = rows["float"].astype(numpy.float32)
    for kind in kinds:
        expected = quantize_embeddings(floats, precision=kind, ranges=ranges)
        differ = (rows[kind] != expected.astype(int)).sum()
        assert rows[kind].shape == expected.shape and not differ, f"{kind}: {differ} of {expected.size} differ"


@claim
def int8_and_uint8_are_the_same_bytes():
    check(["int8", "uint8"], None, ranges())


@claim
def binary_and_ubinary_are_the_same_bytes():
    for dimensions in DIMENSIONS:
        check(["binary", "ubinary"], dimensions)


if __name__ == "__main__":
    main("sentence-transformers")
