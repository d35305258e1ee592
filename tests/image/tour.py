"""The README's tour: every console example, sent to the server of a container, with its answer."""

import json
import math

# The README shows the numbers of one machine; the last digits may differ on another.
TOLERANCE = 1e-4
# Fields that differ in every response.
UNIQUE = {"request_id"}


def examples(readme):
    """Each command in the README's console blocks, with the response that it shows."""
    for block in readme.split("```console\n")[1:]:
        command, shown = block.split("```")[0].removeprefix("$ ").split("\n", 1)
        yield command, json.loads(shown)


def difference(answer, shown, at=""):
    """Where an answer differs from what is shown; empty if it doesn't."""
    number = (int, float)
    if isinstance(answer, bool) or not (isinstance(answer, number) and isinstance(shown, number)):
        if type(answer) is not type(shown):
            return f"{at}: {answer!r} for {shown!r}"
    elif math.isclose(answer, shown, rel_tol=0, abs_tol=TOLERANCE):
        return ""
    if isinstance(answer, dict):
        if list(answer) != list(shown):
            return f"{at}: the fields {list(answer)} for {list(shown)}"
        pairs = [(answer[key], shown[key], f"{at}/{key}") for key in answer if key not in UNIQUE]
    elif isinstance(answer, list):
        if len(answer) != len(shown):
            return f"{at}: {len(answer)} elements for {len(shown)}"
        pairs = [(a, b, f"{at}/{i}") for i, (a, b) in enumerate(zip(answer, shown))]
    else:
        return "" if answer == shown else f"{at}: {answer!r} for {shown!r}"
    return next(filter(None, (difference(*pair) for pair in pairs)), "")


def tour(running, readme):
    """Sends all examples to a container; returns how many, and the first difference."""
    count = 0
    for command, shown in examples(readme):
        done = running.shell(command)
        if done.returncode != 0:
            return count, f"{command}: {done.stderr or f'exit {done.returncode}'}"
        if found := difference(json.loads(done.stdout), shown):
            return count, f"{command}: {found}"
        count += 1
    return count, ""
