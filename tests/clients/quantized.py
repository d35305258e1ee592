"""Embeddings of 8 bits and of 1 bit, against sentence-transformers' `quantize_embeddings`.

It quantises the server's own floats, with ranges computed here from the server's own floats of the texts
from which `strata calibrate` computed the server's. Environment: CALIBRATION is the file of those texts.
"""

import base64
import functools
import io
import json
import os
from pathlib import Path

import numpy
from claims import TEXTS, call, claim, fetch, main, model, native
from sentence_transformers.util.quantization import quantize_embeddings

CALIBRATED, PACKED = ("int8", "uint8"), ("binary", "ubinary")


@functools.cache
def ranges():
    """The smallest and largest value of each column, (2, columns) in float32."""
    lines = Path(os.environ["CALIBRATION"]).read_text(encoding="utf-8").splitlines()
    rows = native([json.loads(line)["text"] for line in lines])
    return numpy.vstack([rows.min(axis=0), rows.max(axis=0)])


def expected(precision, **fields):
    """(texts, bytes) as sentence-transformers has them."""
    known = ranges() if precision in CALIBRATED else None
    return quantize_embeddings(native(TEXTS, **fields), precision=precision, ranges=known)


def assert_same(rows, expected):
    rows = numpy.array(rows)
    assert rows.shape == expected.shape, (rows.shape, expected.shape)
    differ = (rows != expected).sum()
    assert not differ, f"{differ} of {expected.size} bytes differ"


def in_every_encoding(body, expected):
    """`/embed` in JSON, in base64 and as a numpy array."""
    assert_same(call("/embed", body)["embeddings"], expected)
    encoded = call("/embed", body | {"encoding": "base64"})["embeddings"]
    assert_same([numpy.frombuffer(base64.b64decode(row), expected.dtype) for row in encoded], expected)
    array = numpy.load(io.BytesIO(fetch("/embed", body, {"accept": "application/x-npy"})))
    assert array.dtype == expected.dtype
    assert_same(array, expected)


@claim
def int8_and_uint8_of_embed_are_the_same_bytes():
    for precision in CALIBRATED:
        body = {"inputs": TEXTS, "recipe": "native", "precision": precision}
        in_every_encoding(body, expected(precision))


@claim
def binary_and_ubinary_of_embed_are_the_same_bytes():
    for precision in PACKED:
        for fields in ({}, {"dimensions": 64}):
            body = {"inputs": TEXTS, "recipe": "native", "precision": precision} | fields
            in_every_encoding(body, expected(precision, **fields))


@claim
def all_four_of_coheres_v2_embed_are_the_same_bytes():
    types = [*CALIBRATED, *PACKED]
    body = {"texts": TEXTS, "model": model(), "input_type": "search_document", "embedding_types": types}
    answer = call("/v2/embed", body)["embeddings"]
    for precision in types:
        assert_same(answer[precision], expected(precision))


if __name__ == "__main__":
    main("sentence-transformers")
