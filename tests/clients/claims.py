"""What the scripts in this folder share: claims, the server's own answers, and comparisons.

A script is one client. Its claims are its functions marked with `@claim`; the name of the function is
the claim, and an exception means that it doesn't hold. `run.py` starts the servers and the scripts.

Environment of a script: SERVER is the URL of a server with its defaults; SMALL_SERVER is the URL of one
whose queue holds few tokens; PROMPTS_SERVER is the URL of one whose model has prompts. Except for these
prompts, all three serve the same model.
"""

import asyncio
import functools
import importlib.metadata
import inspect
import itertools
import json
import os
import sys
import traceback
import urllib.error
import urllib.request
from pathlib import Path

import numpy

SERVER = os.environ.get("SERVER", "")
SMALL_SERVER = os.environ.get("SMALL_SERVER", "")
PROMPTS_SERVER = os.environ.get("PROMPTS_SERVER", "")
# Clients that insist on a key get one; the server reads none.
KEY = "no-key-needed"
REQUEST_SECONDS = 120
CLAIMS = []

QUERY = "Which film is worth seeing?"
TEXTS = [
    "A gripping, beautifully shot film.",
    "The battery died after two days, and nobody answered my letters.",
    "Le cœur a ses raisons que la raison ne connaît point.",
    "日本の映画は素晴らしい。",
    "first line\nsecond line\r\n\tthird line",
    "🙂 “quoted” — 100 % \\ \" \u00e9 e\u0301",
    "a",
    "A gripping, beautifully shot film.",
    " ".join(["slow", "plot", "and", "wooden", "acting"] * 30),
]
# More tokens than the model reads, which are 256.
TOO_LONG = " ".join(["word"] * 400)


def claim(function):
    """Marks a function, plain or async, as a claim of its script."""
    CLAIMS.append(function)
    return function


def main(*packages):
    """Checks all claims of the script, prints a line per claim, and exits with 1 if one doesn't hold.

    `packages` are the distributions whose versions are printed first.
    """
    failed = 0
    for package in packages:
        print(f"  {package} {importlib.metadata.version(package)}")
    for function in CLAIMS:
        name = function.__name__.replace("_", " ")
        try:
            said = function()
            if inspect.iscoroutine(said):
                said = asyncio.run(said)
            print(f"  holds: {name}" + (f": {said}" if said else ""), flush=True)
        except Exception as error:
            failed += 1
            print(f"  FAILS: {name}\n{where(error)}", flush=True)
    print(f"  {len(CLAIMS) - failed} hold, {failed} fail", flush=True)
    sys.exit(1 if failed or not CLAIMS else 0)


def where(error):
    """The places in this folder that an exception came through, what it says, and the answer it is about."""
    here = [
        f"    {Path(frame.filename).name}:{frame.lineno}: {frame.line}\n"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == Path(__file__).parent and frame.filename != __file__
    ]
    answer = getattr(getattr(error, "response", None), "text", "")
    return f"{''.join(here)}    {type(error).__name__}: {error}" + (f"\n    {answer[:500]}" if answer else "")


def fetch(path, body=None, headers=(), server=SERVER):
    """The bytes of a server's answer to a request of our own. An error status is an exception."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server + path, data, {"content-type": "application/json"} | dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{path}: {error.code} {error.read().decode(errors='replace')}") from error


def call(path, body=None, server=SERVER):
    """A server's answer to a request of our own, as JSON."""
    return json.loads(fetch(path, body, server=server))


@functools.cache
def model():
    """The name of the model that is served."""
    return call("/info")["model"]["name"]


def native(texts, server=SERVER, **fields):
    """Rows of `/embed` by the recipe `native`, (texts, dimensions) in float32."""
    answer = call("/embed", {"inputs": list(texts), "recipe": "native"} | fields, server)
    return numpy.array(answer["embeddings"], dtype=numpy.float32)


def assert_same_bits(rows, expected):
    """Two lists of rows are the same float32 numbers, bit for bit."""
    rows = numpy.array(rows, dtype=numpy.float32)
    assert rows.shape == expected.shape, (rows.shape, expected.shape)
    same = rows.view(numpy.uint32) == expected.view(numpy.uint32)
    apart = numpy.abs(rows.astype(numpy.float64) - expected)
    place = numpy.unravel_index(apart.argmax(), apart.shape)
    assert same.all(), f"{(~same).sum()} of {same.size} differ, at most by {apart.max():.3g} at {place}"


def assert_prompts(embed, names):
    """`embed(value)`, by a client of PROMPTS_SERVER, are the rows of TEXTS with the prompt `names[value]`.

    The rows of two prompts differ, and those of a prompt differ from those without one, in every text.
    """
    expected = {name: native(TEXTS, PROMPTS_SERVER, prompt_name=name) for name in names.values()}
    for one, other in itertools.combinations([native(TEXTS, PROMPTS_SERVER), *expected.values()], 2):
        assert (one != other).any(axis=1).all(), "two prompts have the same rows"
    for value, name in names.items():
        assert_same_bits(embed(value), expected[name])


def cosines(query, documents):
    """The cosine of the query with each document, from `/embed`, in float64."""
    rows = native([query, *documents]).astype(numpy.float64)
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    return rows[1:] @ rows[0]


# Largest difference of a score from the cosine of the float32 rows. Largest seen: 6e-8.
SCORE_TOLERANCE = 1e-6


def assert_ranking(ranked, documents, query=QUERY, top=None):
    """(index, score) pairs are the best documents, best first, with the cosine as the score."""
    expected = cosines(query, documents)
    order = numpy.argsort(-expected, kind="stable")[: top or len(documents)]
    indices, scores = [index for index, _ in ranked], numpy.array([score for _, score in ranked])
    assert len(indices) == len(order) and len(set(indices)) == len(indices), (indices, list(order))
    apart = numpy.abs(scores - expected[indices]).max()
    assert apart < SCORE_TOLERANCE, f"a score is {apart:.3g} from its cosine"
    # Equal documents may stand in either order.
    assert numpy.abs(expected[indices] - expected[order]).max() < SCORE_TOLERANCE, (indices, list(order))
    assert (numpy.diff(scores) <= 0).all(), scores


def raises(kind, function, *arguments, **named):
    """The exception of this kind that a call raises."""
    try:
        result = function(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised; the result is {str(result)[:200]}")
