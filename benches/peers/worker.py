"""Runs one peer: `python worker.py ENGINE PRECISION --model DIR --exports DIR`.
The exports are in the folder that was passed to prepare.py as OUT.

Reads requests as lines of JSON and replies to each with one line of JSON, like worker.rs for Strata and
candle:
- at start → `{"ready": true, "name": …, "version": …, "settings": {…}}`
- `{"case": "32x128"}` → `{"seconds": s}`: runs the case once; with `"repeat": n`, n times, and `s` is
  a list.
- `{"tune": ["32x128", …]}` → `{"tuned": {case: plan}}`: tries every setting on every case and keeps
  the fastest for each. `{"plans": {case: plan}}` uses plans found earlier and has the same reply.
- anything else → `{"error": …}`. The process exits at the end of its input.
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
# Tuning uses every third text; their lengths represent those of all texts.
TUNING_TEXTS = slice(None, None, 3)
TUNING_TURNS, TURN_SECONDS = 2, 0.3
# To transformers in f32, over three snippets. Lowest seen: bf16 0.99994, int8 0.9906 (onnxruntime). That of
# f32 is too high for an engine that rounds to bf16.
MIN_COSINE = {"f32": 0.999995, "bf16": 0.999, "int8": 0.985}


class Worker:
    def __init__(self, model, exports, engine, precision):
        self.engine = ENGINES[engine](model, exports, precision)
        self.allowed_cosine = MIN_COSINE[precision]
        self.reference = np.load(exports / "reference.npz")
        self.tokenizer, self.texts = work.tokenizer(model), work.texts()
        self.grids = {case: work.grid(case) for case in work.GRID}
        self.loaded = {}
        self.plans = {case: self.first_plan(case) for case in work.CASES}
        self.min_cosine = 1.0
        self.runner(self.plans["snippets"])  # so that a failure shows at start

    def first_plan(self, case):
        return {**self.engine.settings(case)[0], **({"batch": 32} if case in work.SNIPPETS else {})}

    def reply(self, request):
        if "tune" in request:
            self.plans.update({case: self.tune(case) for case in request["tune"]})
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
            run(work.batches(self.tokenizer, texts or self.texts, plan["batch"], by_length))
        else:
            # One batch, cut into one piece per stream.
            pieces = min(plan["streams"], len(self.grids[case][0]))
            run(zip(*(np.array_split(array, pieces) for array in self.grids[case])))
        return time.perf_counter() - started

    def tune(self, case):
        batch = {"batch": BATCH_SIZES[0]} if case in work.SNIPPETS else {}
        plan = self.fastest(case, [{**setting, **batch} for setting in self.engine.settings(case)])
        if batch:
            plan = self.fastest(case, [{**plan, "batch": size} for size in BATCH_SIZES])
        return plan

    def fastest(self, case, plans):
        """The plan with the shortest run, because disturbances only ever make a run longer. Every plan
        has several turns, so that neither a first run, which may compile, nor one longer disturbance
        decides."""
        texts, shortest = self.texts[TUNING_TEXTS], [float("inf")] * len(plans)
        for _ in range(TUNING_TURNS):
            for index, plan in enumerate(plans):
                spent = 0.0
                while spent < TURN_SECONDS:
                    seconds = self.seconds(case, plan, texts)
                    spent, shortest[index] = spent + seconds, min(shortest[index], seconds)
        return plans[shortest.index(min(shortest))]

    def runner(self, plan):
        setting = {key: value for key, value in plan.items() if key != "batch"}
        key = json.dumps(setting, sort_keys=True)
        if key not in self.loaded:
            run = self.engine.load(setting)
            self.check(run, setting)
            self.loaded[key] = run
        return self.loaded[key]

    def check(self, run, setting):
        """Exits if the rows differ too much from those of transformers."""
        rows, expected = run([(self.reference["ids"], self.reference["mask"])])[0], self.reference["rows"]
        norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(expected, axis=1)
        cosine = float(((rows * expected).sum(1) / norms).min())
        print(f"{setting}: minimum cosine {cosine:.5f}", file=sys.stderr, flush=True)
        if not cosine >= self.allowed_cosine:
            sys.exit(
                f"{setting}: the minimum cosine to transformers is {cosine:.5f}, "
                f"at least {self.allowed_cosine} is required"
            )
        self.min_cosine = min(self.min_cosine, cosine)

    def forget_unused(self):
        used = [self.runner(plan) for plan in self.plans.values()]
        self.loaded = {key: run for key, run in self.loaded.items() if run in used}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("precision", choices=MIN_COSINE)
    parser.add_argument("--model", type=Path, default=work.ROOT / "models" / "all-MiniLM-L6-v2")
    parser.add_argument("--exports", type=Path, required=True)
    options = parser.parse_args()

    # Standard output carries only the protocol; output of libraries goes to standard error.
    replies, sys.stdout = sys.stdout, sys.stderr

    def say(reply):
        print(json.dumps(reply), file=replies, flush=True)

    worker = Worker(options.model, options.exports / options.model.name, options.engine, options.precision)
    precise = worker.engine.precise
    settings = {"cores": CORES, "min_cosine": round(worker.min_cosine, 5), "precision": precise}
    name = f"{options.engine} {options.precision}"
    say({"ready": True, "name": name, "version": worker.engine.version, "settings": settings})
    for line in sys.stdin:
        try:
            say(worker.reply(json.loads(line)))
        except Exception as error:  # run.py decides what a failed case means
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
