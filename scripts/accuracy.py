"""Prints the README's table: held-out accuracy by recipe, each by `strata train`.

Run by `make accuracy`; the only argument is the binary. About a minute a recipe.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LAST_FOUR = [-1, -2, -3, -4]
RECIPES = [
    ("last layer, CLS", [-1], "mean", "cls"),
    ("last layer, max", [-1], "mean", "max"),
    ("last layer, masked mean", [-1], "mean", "mean"),
    ("second to last layer, masked mean", [-2], "mean", "mean"),
    ("last four averaged, CLS", LAST_FOUR, "mean", "cls"),
    ("last four averaged, masked mean", LAST_FOUR, "mean", "mean"),
    ("last four concatenated, CLS", LAST_FOUR, "concat", "cls"),
    ("last four concatenated, masked mean", LAST_FOUR, "concat", "mean"),
]


def main() -> None:
    (binary,) = sys.argv[1:]
    print("| features | columns | held-out accuracy | macro F1 |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, layers, combine, pooling in RECIPES:
            recipe = {"layers": layers, "combine": combine, "pooling": pooling}
            out = Path(folder, "head")
            subprocess.run(
                [binary, "train", "--data", "data/sentiment.tsv", "--out", out,
                 "--recipe", json.dumps(recipe)],
                check=True, capture_output=True,
            )
            training = json.loads(Path(out, "head.json").read_text())["training"]
            columns = 384 * (len(layers) if combine == "concat" else 1)
            scores = training["held_out"]
            print(
                f"| {name} | {columns:,} | {scores['accuracy']:.1%} | {scores['macro_f1']:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
