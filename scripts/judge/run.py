"""Judges a Strata binary by random combinations of settings, or by the cases of a folder.

    python scripts/judge/run.py BINARY [--count 300] [--seed 1] [--only 17] [--keep FOLDER]
    python scripts/judge/run.py BINARY --cases FOLDER

A combination is a tiny checkpoint with random weights and a few settings drawn at random. Each is served by
the binary over HTTP on the loopback interface, with both encoders, and the answers are compared with
transformers and sentence-transformers in float64. Its result is:
- agrees: all answers are right;
- refused: the process ended at start with exit code 2 and a message;
- differs: anything else, which is printed with the number that makes it again (`--only`).
Fails if one differs, or if fewer than 60 % are served.
"""

import argparse
import collections
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import cases
from asked import ask
from compare import compare
from draw import draw
from reference import VERSIONS, Reference
from server import Failed, Refused, Server
from tiny import ENCODERS

SERVED = 0.6
INPUTS = [
    "the cat runs",
    "The Café, a CAT's dogs!",
    "日本 the 日本語 dog",
    "cafe\u0301 É ß ﬁ Ⅷ ①",
    "a\u0007b \u200b\ufeff the\u00adcat \u0000 x",
    "the [SEP] cat [MASK] [CLS] dog [PAD] [UNK] <s> </s>",
    "[E1] a[E2]b cat [E1]dog",
    "the cat\nthe dog\r\n\tred cat",
    " ".join(["the cat runs house tree dog one two three red"] * 5),
    "catdogthecat" * 12,
    "\u200b",
    "🙂 \U0001f468\u200d\U0001f469\u200d\U0001f467 a—b “dog” $1.50 1/2",
    ("the cat", "The Dog runs."),
    ("\u200b", "\ufeff"),
    ("\u200b", "the cat"),
    ("a dog", " ".join(["red house tree"] * 20)),
    (" ".join(["one two three"] * 20), " ".join(["the cat"] * 15)),
]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=Path)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--keep", type=Path, help="write the checkpoints that differ to this folder")
    options = parser.parse_args()
    binary = options.binary.resolve()
    if options.cases:
        sys.exit(cases.judge(binary, options.cases.resolve()))
    print(f"seed {options.seed}; " + ", ".join(f"{name} {version}" for name, version in VERSIONS.items()))
    indices = range(options.count) if options.only is None else [options.only]
    sys.exit(judge_all(binary, options, indices))


def judge_all(binary, options, indices):
    start = time.monotonic()
    results, largest = collections.Counter(), 0.0
    for index in indices:
        result, said, names, apart = judge_one(binary, options, index)
        results[result] += 1
        largest = max(largest, apart)
        if result == "differs" or options.only is not None:
            print(f"{result}: --seed {options.seed} --only {index}: {'; '.join(names)}\n    {said}", flush=True)
        elif result == "refused":
            print(f"refused: {index}: {said}", flush=True)
    served = results["agrees"] / max(1, len(indices))
    counts = ", ".join(f"{results[name]} {name}" for name in ("agrees", "refused", "differs"))
    seconds = time.monotonic() - start
    print(f"{counts}; {served:.0%} served; largest difference {largest:.2g}; {seconds:.0f} s")
    return 0 if not results["differs"] and (served >= SERVED or options.only is not None) else 1


def judge_one(binary, options, index):
    """(result, what was said, the settings, the largest difference)"""
    draft, names = draw(random.Random(f"{options.seed} {index}"))
    with tempfile.TemporaryDirectory() as folder:
        draft.write(folder)
        result, said, apart = judge_folder(binary, Path(folder))
        if options.keep and (result == "differs" or options.only is not None):
            draft.write(options.keep / str(index))
    return result, said.replace(folder, "."), names, apart


def judge_folder(binary, folder):
    try:
        asked = requests(folder)
        cannot = None
    except Exception as error:
        asked, cannot = [], f"{type(error).__name__}: {error}"
    verdicts = [serve(binary, folder, encoder, asked) for encoder in ENCODERS]
    results = {result for result, _, _ in verdicts}
    said = " | ".join(dict.fromkeys(said for _, said, _ in verdicts if said))
    if results == {"refused"}:
        return "refused", said, 0.0
    if len(results) > 1 or cannot:
        said = f"{[result for result, _, _ in verdicts]} {said}; the libraries say {cannot or len(asked)}"
        return "differs", said, 0.0
    return results.pop(), said, max(apart for _, _, apart in verdicts)


def requests(folder):
    reference = Reference(folder)
    prompts = [None]
    if reference.sentence is not None:
        prompts += [name for name, prompt in reference.sentence.prompts.items() if prompt]
    asked = ask(reference, INPUTS, prompts)
    if not asked:
        raise ValueError("nothing to compare with")
    return asked


def serve(binary, folder, encoder, asked):
    """(result, what was said, the largest difference)"""
    largest = 0.0
    try:
        with Server(binary, folder, encoder) as server:
            for request in asked:
                difference, apart = compare(request["expect"], *server.post(request["path"], request["body"]))
                if difference:
                    return "differs", f"{encoder}: {narrow(server, request, difference)}", 0.0
                largest = max(largest, apart)
    except Refused as refused:
        return "refused", str(refused).splitlines()[-1], 0.0
    except (Failed, OSError) as error:
        return "differs", f"{encoder}: {error}", 0.0
    return "agrees", "", largest


def narrow(server, request, difference):
    """The request, or the same for the first of its inputs that differs alone, and what differs."""
    path, body, expect = request["path"], request["body"], request["expect"]
    for index, given in enumerate(body["inputs"]):
        alone = {name: [values[index]] for name, values in expect.items() if name in ("embeddings", "results")}
        if body.get("tokens") and alone:
            alone["tokens"] = len(expect["embeddings"][index])
        asked = body | {"inputs": [given]}
        said, _ = compare({"status": expect["status"]} | alone, *server.post(path, asked))
        if said:
            body, difference = asked, said
            break
    return f"{path} {json.dumps(body, ensure_ascii=False)}: {difference}"


if __name__ == "__main__":
    main()
