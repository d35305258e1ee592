"""`qdrant-client` in local mode, filled from `/v1/embeddings`, against one filled by sentence-transformers.

Environment: REFERENCE is the file that `reference.py` wrote.
"""

import functools
import os

import numpy
import openai
from claims import KEY, SERVER, claim, main, model
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, PointStruct, VectorParams

NEAREST = 10
COSINE = 0.999999
# Snippets whose scores differ by less may change places. Largest difference seen: 2e-7.
TIE = 1e-6
BATCH = 100


@functools.cache
def reference():
    """Texts, their rows by sentence-transformers, and how many of them are snippets; the rest are queries."""
    with numpy.load(os.environ["REFERENCE"]) as saved:
        return [str(text) for text in saved["texts"]], saved["rows"], int(saved["snippets"])


@functools.cache
def rows():
    """The rows of all texts by `/v1/embeddings`, (texts, dimensions)."""
    texts, _, _ = reference()
    client = openai.OpenAI(base_url=f"{SERVER}/v1", api_key=KEY)
    found = []
    for start in range(0, len(texts), BATCH):
        answer = client.embeddings.create(model=model(), input=texts[start : start + BATCH])
        found += [item.embedding for item in answer.data]
    return numpy.array(found, dtype=numpy.float32)


def nearest(vectors, snippets):
    """Ids and scores of the nearest snippets of each query, (queries, NEAREST) each, from a store."""
    store = QdrantClient(":memory:")
    store.create_collection(
        "snippets", vectors_config=VectorParams(size=vectors.shape[1], distance=Distance.COSINE)
    )
    points = [PointStruct(id=at, vector=vectors[at].tolist()) for at in range(snippets)]
    store.upsert("snippets", points=points)
    assert store.count("snippets").count == snippets
    found = [
        store.query_points("snippets", query=query.tolist(), limit=NEAREST).points
        for query in vectors[snippets:]
    ]
    ids = numpy.array([[point.id for point in points] for points in found])
    return ids, numpy.array([[point.score for point in points] for points in found])


@claim
def every_row_has_the_direction_of_sentence_transformers():
    ours, theirs = rows().astype(numpy.float64), reference()[1].astype(numpy.float64)
    assert ours.shape == theirs.shape
    norms = numpy.linalg.norm(ours, axis=1) * numpy.linalg.norm(theirs, axis=1)
    cosines = (ours * theirs).sum(axis=1) / norms
    assert cosines.min() >= COSINE, f"smallest cosine {cosines.min():.9f} at {cosines.argmin()}"
    return f"{len(cosines)} texts, smallest cosine 1 - {1 - cosines.min():.1e}"


@claim
def the_ten_nearest_are_those_of_sentence_transformers():
    _, theirs, snippets = reference()
    (ids, scores), (expected_ids, expected_scores) = nearest(rows(), snippets), nearest(theirs, snippets)
    apart = numpy.abs(scores - expected_scores).max()
    assert apart < TIE, f"scores differ by {apart:.3g}"
    unit = theirs.astype(numpy.float64)
    unit /= numpy.linalg.norm(unit, axis=1, keepdims=True)
    moved = 0
    for query, (found, expected, tenth) in enumerate(zip(ids, expected_ids, expected_scores[:, -1], strict=True)):
        moved += (found != expected).sum()
        for outside in set(found) - set(expected):
            score = unit[outside] @ unit[snippets + query]
            assert abs(score - tenth) < TIE, f"query {query}: {outside} has {score:.9f}, the tenth {tenth:.9f}"
        for one, other in zip(found, expected, strict=True):
            tie = abs(unit[one] @ unit[snippets + query] - unit[other] @ unit[snippets + query])
            assert tie < TIE, f"query {query}: {one} stands in the place of {other}, {tie:.3g} apart"
    return f"{len(ids)} queries, {moved} places changed by ties, scores at most {apart:.1e} apart"


if __name__ == "__main__":
    main("qdrant-client", "openai")
