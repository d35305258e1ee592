"""scikit-learn's answer on features that `strata train --save-features FILE` wrote.

    pip install -r scripts/requirements.txt
    python scripts/sklearn_baseline.py FILE

The same rows, the same strengths and the same rule of choice as src/training/search.rs: the least
log loss on the validation part, the path ending after two strengths in a row that are no better.
Prints one line: accuracy and macro F1 on the rows held out, and the strength.
"""

import sys

import numpy as np
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0]
PATIENCE = 2


def fit(strength: float, x: np.ndarray, y: np.ndarray) -> Pipeline:
    layer = LogisticRegression(C=strength, solver="lbfgs", tol=1e-6, max_iter=10_000)
    return make_pipeline(StandardScaler(), layer).fit(x, y)


def choose(x, y, validation_x, validation_y) -> float:
    best, least, since = STRENGTHS[0], np.inf, 0
    for strength in STRENGTHS:
        model = fit(strength, x, y)
        loss = log_loss(validation_y, model.predict_proba(validation_x), labels=model.classes_)
        best, least, since = (strength, loss, 0) if loss < least else (best, least, since + 1)
        if since == PATIENCE:
            break
    return best


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/sklearn_baseline.py FILE")
    tensors = load_file(sys.argv[1])
    x, y = tensors["features"].astype(np.float64), tensors["labels"].astype(np.int64)
    held_out, validation = tensors["held_out"] == 1, tensors["validation"] == 1
    fitting = ~held_out & ~validation

    strength = choose(x[fitting], y[fitting], x[validation], y[validation])
    predicted = fit(strength, x[~held_out], y[~held_out]).predict(x[held_out])
    accuracy = 100 * accuracy_score(y[held_out], predicted)
    f1 = 100 * f1_score(y[held_out], predicted, average="macro", labels=np.unique(y), zero_division=0)
    print(f"scikit-learn: held-out accuracy {accuracy:.2f} %, macro F1 {f1:.2f} %, C = {strength:g}")


if __name__ == "__main__":
    main()
