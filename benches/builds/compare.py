"""Two builds of Strata side by side: the same answers, and the same speed?

    make compare-builds BEFORE=path/to/strata

Answers: both servers get the same 1,000 review snippets on /embed and /classify, in every dtype and on
every vector instruction set that this processor has. The SHA-256 of all response bodies is printed for
each build. Bodies hold no times and no ids, so the same numbers give the same bytes.

Speed: `strata bench` over the snippets, in every dtype, the two builds in turn, the order swapped from
pair to pair. Printed are the median of the ratios after / before and its 95 % interval (percentile
bootstrap, fixed seed). Exits with 1 if answers differ or an interval leaves --within.
"""

import argparse
import hashlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "sentiment.tsv"
TEXTS = 1_000
TEXTS_PER_REQUEST = 32
DTYPES = ["f32", "bf16", "int8"]
INSTRUCTION_SETS = ["avx512", "avx2"]
RESAMPLES = 10_000
# An empty file: each build has its own defaults. This checkout's file may have settings that an older build
# doesn't know.
DEFAULTS = ["--config", os.devnull]
# The fields of each request beside its texts; together they read every pooling and both heads.
REQUESTS = [
    ("embed", {}),
    ("embed", {"recipe": "last-four-concat"}),
    ("embed", {"recipe": "native"}),
    ("embed", {"recipe": "last-four-cls"}),
    ("embed", {"recipe": {"layers": [0, 3, -1], "combine": "max", "pooling": "max"}}),
    ("embed", {"recipe": {"layers": [-2], "pooling": "weighted_mean"}}),
    ("classify", {"explain": True}),
]


def snippets() -> list[str]:
    lines = DATA.read_text(encoding="utf-8").splitlines()[1 : TEXTS + 1]
    return [line.split("\t")[1] for line in lines]


def environment(dtype: str, instruction_set: str = "auto") -> dict[str, str]:
    """This process's environment without its STRATA_ variables, so that both builds have the defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRATA_")}
    return {
        **kept,
        "STRATA_DTYPE": dtype,
        "STRATA_INSTRUCTION_SET": instruction_set,
        "STRATA_PORT": "0",
        "STRATA_LOG_FILTER": "warn",
    }


def available(instruction_set: str) -> bool:
    needed = {"avx512": "avx512vl", "avx2": "avx2"}[instruction_set]
    return needed in Path("/proc/cpuinfo").read_text().split()


@contextmanager
def server(binary: Path, env: dict[str, str]):
    """A running server; yields its address."""
    process = subprocess.Popen([binary, "serve", *DEFAULTS], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        ready = process.stdout.readline()
        address = re.search(r"http://[^/]+", ready)
        if address is None:
            sys.exit(f"error: {binary} printed {ready!r} instead of its address")
        yield address.group()
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(binary: Path, env: dict[str, str], texts: list[str]) -> str:
    """The SHA-256 of all response bodies, in order."""
    digest = hashlib.sha256()
    with server(binary, env) as address:
        for route, more in REQUESTS:
            for start in range(0, len(texts), TEXTS_PER_REQUEST):
                body = json.dumps({"inputs": texts[start : start + TEXTS_PER_REQUEST], **more})
                request = urllib.request.Request(
                    f"{address}/{route}", body.encode(), {"content-type": "application/json"}
                )
                with urllib.request.urlopen(request, timeout=60) as response:
                    digest.update(response.read())
    return digest.hexdigest()


def texts_per_second(binary: Path, dtype: str, seconds: float) -> float:
    command = [binary, "bench", *DEFAULTS, "--data", DATA, "--limit", str(TEXTS), "--seconds", str(seconds), "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(dtype), stdout=subprocess.PIPE, check=True, timeout=120
    )
    return json.loads(done.stdout)["results"][0]["texts_per_second"]


def ratios(before: Path, after: Path, dtype: str, pairs: int, seconds: float) -> list[float]:
    found = []
    for pair in range(pairs):
        builds = [("before", before), ("after", after)]
        if pair % 2:
            builds.reverse()
        rates = {name: texts_per_second(binary, dtype, seconds) for name, binary in builds}
        found.append(rates["after"] / rates["before"])
    return found


def interval(values: list[float]) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median."""
    draw = random.Random(1)
    medians = sorted(
        statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    return medians[int(0.025 * RESAMPLES)], medians[int(0.975 * RESAMPLES) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--dtypes", nargs="+", default=DTYPES, choices=DTYPES)
    parser.add_argument("--pairs", type=int, default=20, help="pairs of runs per dtype (default: 20; 0: none)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a run (default: 3)")
    parser.add_argument("--within", nargs=2, type=float, default=[0.97, 1.03], metavar=("LOW", "HIGH"))
    options = parser.parse_args()
    before, after = options.before.resolve(), options.after.resolve()
    texts, failed = snippets(), False
    for instruction_set in filter(available, INSTRUCTION_SETS):
        for dtype in options.dtypes:
            env = environment(dtype, instruction_set)
            sums = [answers(binary, env, texts) for binary in (before, after)]
            same = sums[0] == sums[1]
            failed |= not same
            verdict = f"the same: {sums[0]}" if same else f"DIFFERENT: {sums[0]} before, {sums[1]} after"
            print(f"{dtype}, {instruction_set}: answers are {verdict}", flush=True)
    for dtype in options.dtypes if options.pairs else []:
        found = ratios(before, after, dtype, options.pairs, options.seconds)
        low, high = interval(found)
        inside = options.within[0] <= low and high <= options.within[1]
        failed |= not inside
        print(
            f"{dtype}: speed after / before {statistics.median(found):.3f}, 95 % interval {low:.3f} to {high:.3f}, "
            f"{len(found)} pairs{'' if inside else ': OUTSIDE'}",
            flush=True,
        )
    sys.exit(failed)


if __name__ == "__main__":
    main()
