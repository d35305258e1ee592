"""One peer in a process of its own: `python worker.py ENGINE PRECISION --model DIR --exports DIR`.
DIR of the exports is the one that prepare.py was given.

A line of JSON in, a line of JSON out, as worker.rs does for Strata and candle:
- at start → `{"ready": true, "name": …, "version": …, "settings": {…}}`
- `{"case": "32x128"}` → `{"seconds": s}`, the work alone, once; with `"repeat": n` a list of n.
- `{"tune": ["32x128", …]}` → `{"tuned": {case: plan}}`: tries every setting on every case and keeps
  the fastest for each. `{"plans": {case: plan}}` takes up plans found earlier and answers the same.
- anything else → `{"error": …}`. The end of input ends the process.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

import work
from engines import CORES, ENGINES

BATCH_SIZES = [32, 8, 16, 64]
# Every third text is enough to choose by, and has the lengths of all.
TUNED_ON = slice(None, None, 3)
GOES, GO_SECONDS = 2, 0.3
# To transformers' f32, over three snippets. Lowest seen: bf16 0.99994, int8 0.9906 (onnxruntime).
LEAST_COSINE = {"f32": 0.9999, "bf16": 0.999, "int8": 0.985}


class Worker:
    def __init__(self, model, exports, engine, precision):
        self.engine = ENGINES[engine](model, exports, precision)
        self.least_cosine = LEAST_COSINE[precision]
        self.reference = np.load(exports / "reference.npz")
        self.tokens, self.texts = work.tokenizer(model), work.texts()
        self.grids = {case: work.grid(case) for case in work.GRID}
        self.loaded = {}
        self.plans = {case: self.first_plan(case) for case in work.CASES}
        self.cosine = 1.0
        self.runner(self.plans["snippets"])  # fails now rather than later

    def first_plan(self, case):
        return {**self.engine.settings(case)[0], **({"batch": 32} if case in work.SNIPPETS else {})}

    def answer(self, request):
        if "tune" in request:
            self.plans.update({case: self.tuned(case) for case in request["tune"]})
            self.forget_unused()
            return {"tuned": {case: self.plans[case] for case in request["tune"]}}
        if "plans" in request:
            self.plans.update(request["plans"])
            return {"tuned": request["plans"]}
        case = request.get("case")
        if case not in work.CASES:
            return {"error": f"unknown case {case!r}"}
        seconds = [self.seconds(case, self.plans[case]) for _ in range(request.get("repeat", 1))]
        return {"seconds": seconds if "repeat" in request else seconds[0]}

    def seconds(self, case, plan, texts=None):
        run = self.runner(plan)
        started = time.perf_counter()
        if case in work.SNIPPETS:
            by_length = case == "snippets-sorted"
            run(work.batches(self.tokens, texts or self.texts, plan["batch"], by_length))
        else:
            # One batch, cut in as many pieces as there are streams.
            pieces = min(plan["streams"], len(self.grids[case][0]))
            run(zip(*(np.array_split(array, pieces) for array in self.grids[case])))
        return time.perf_counter() - started

    def tuned(self, case):
        batch = {"batch": BATCH_SIZES[0]} if case in work.SNIPPETS else {}
        plan = self.fastest(case, [{**setting, **batch} for setting in self.engine.settings(case)])
        if batch:
            plan = self.fastest(case, [{**plan, "batch": size} for size in BATCH_SIZES])
        return plan

    def fastest(self, case, plans):
        """By the least time of each: what disturbs a run only ever makes it longer. Every plan has
        several goes, so that what a first run compiles is behind it, and lest a longer disturbance
        decide."""
        texts, least = self.texts[TUNED_ON], [float("inf")] * len(plans)
        for _ in range(GOES):
            for at, plan in enumerate(plans):
                spent = 0.0
                while spent < GO_SECONDS:
                    took = self.seconds(case, plan, texts)
                    spent, least[at] = spent + took, min(least[at], took)
        return plans[least.index(min(least))]

    def runner(self, plan):
        setting = {key: value for key, value in plan.items() if key != "batch"}
        key = json.dumps(setting, sort_keys=True)
        if key not in self.loaded:
            run = self.engine.load(setting)
            self.check(run, setting)
            self.loaded[key] = run
        return self.loaded[key]

    def check(self, run, setting):
        """Speed is worth nothing if the rows are wrong."""
        rows, wanted = run([(self.reference["ids"], self.reference["mask"])])[0], self.reference["rows"]
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted, axis=1)
        cosine = float(((rows * wanted).sum(1) / lengths).min())
        print(f"{setting}: least cosine {cosine:.5f}", file=sys.stderr, flush=True)
        if not cosine >= self.least_cosine:
            sys.exit(f"{setting}: least cosine to transformers {cosine:.5f}, allowed {self.least_cosine}")
        self.cosine = min(self.cosine, cosine)

    def forget_unused(self):
        used = [self.runner(plan) for plan in self.plans.values()]
        self.loaded = {key: run for key, run in self.loaded.items() if run in used}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("precision", choices=LEAST_COSINE)
    parser.add_argument("--model", type=Path, default=work.ROOT / "models" / "all-MiniLM-L6-v2")
    parser.add_argument("--exports", type=Path, required=True)
    given = parser.parse_args()

    # Standard output is the protocol's; whatever a library prints goes where it does no harm.
    answers, sys.stdout = sys.stdout, sys.stderr

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    worker = Worker(given.model, given.exports / given.model.name, given.engine, given.precision)
    settings = {"cores": CORES, "least_cosine": round(worker.cosine, 5)}
    name = f"{given.engine} {given.precision}"
    say({"ready": True, "name": name, "version": worker.engine.version, "settings": settings})
    for line in sys.stdin:
        try:
            say(worker.answer(json.loads(line)))
        except Exception as error:  # the harness decides what a failed case means
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
