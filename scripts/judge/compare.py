"""Compares an answer with the one that is right."""

import numpy

# The most that a number may differ, relative to 1 or to the number if that is larger.
TOLERANCE = 1e-5


def compare(expect, status, answer):
    """(what differs or "", the largest difference of the numbers)"""
    wanted = expect.get("any_of_status") or [expect.get("status", 200)]
    if status not in wanted:
        said = answer.get("detail") or answer.get("code") if isinstance(answer, dict) else answer
        return f"status {status} ({said}), expected {wanted}", 0.0
    if status != 200:
        for name in ("code", "pointer"):
            if name in expect and answer.get(name) != expect[name]:
                return f"{name} {answer.get(name)}, expected {expect[name]}", 0.0
        return "", 0.0
    usage = answer["usage"]
    for name in ("tokens", "truncated"):
        if name in expect and usage[name] != expect[name]:
            return f"{name} {usage[name]}, expected {expect[name]}", 0.0
    largest = 0.0
    for what, found, right in pairs(expect, answer):
        difference = apart(found, right)
        if difference > TOLERANCE:
            return f"{what} is {difference:.2g} off: {short(found)}, expected {short(right)}", 0.0
        largest = max(largest, difference)
    return "", largest


def pairs(expect, answer):
    """(what, found, right) of all numbers that are compared."""
    for index, right in enumerate(expect.get("embeddings", [])):
        yield f"embedding {index}", answer["embeddings"][index], right
    results = expect.get("results") or ([expect["heads"]] if "heads" in expect else [])
    for index, right in enumerate(results):
        found = answer["results"][index].get("checkpoint", {})
        for name in ("logits", "probabilities"):
            if name in right or name in found:
                yield f"{name} of {index}", found.get(name, []), right.get(name, [])


def apart(found, right):
    """The largest difference, relative to 1 or to the number if that is larger; infinite for other shapes."""
    try:
        found, right = numpy.asarray(found, float), numpy.asarray(right, float)
    except (TypeError, ValueError):
        return float("inf")
    if found.shape != right.shape:
        return float("inf")
    if not found.size:
        return 0.0
    largest = float((abs(found - right) / numpy.maximum(1.0, abs(right))).max())
    return largest if numpy.isfinite(largest) else float("inf")


def short(numbers):
    numbers = numpy.asarray(numbers, float) if numbers else numpy.zeros(0)
    return f"{numbers.shape} {numpy.round(numbers.ravel()[:4], 4).tolist()}"
