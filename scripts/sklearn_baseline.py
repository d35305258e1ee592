"""Trains scikit-learn's model on features that `strata train --save-features FILE` wrote.

    pip install -r scripts/requirements.txt
    python scripts/sklearn_baseline.py FILE

Logistic regression for single-label data, one logistic regression per label for multi-label data, ridge
regression for numbers. It uses the same rows and the same regularisation strengths as `strata train`,
and the same rule to choose the strength: the minimum loss on the validation part, where the search ends
after two consecutive strengths without an improvement. Prints one line: the scores on the held-out
rows, and the strength.
"""

import sys

import numpy as np
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_squared_error, r2_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0]
PATIENCE = 2


def model(strength: float, y: np.ndarray) -> Pipeline:
    logistic = LogisticRegression(C=strength, solver="lbfgs", tol=1e-6, max_iter=10_000)
    if y.dtype == np.float64:
        layer = Ridge(alpha=1 / strength)
    else:
        layer = OneVsRestClassifier(logistic) if y.ndim == 2 else logistic
    return make_pipeline(StandardScaler(), layer)


def loss(fitted: Pipeline, x: np.ndarray, y: np.ndarray) -> float:
    if y.dtype == np.float64:
        return mean_squared_error(y, fitted.predict(x))
    if y.ndim == 2:
        probabilities = np.clip(fitted.predict_proba(x), 1e-15, 1 - 1e-15)
        return -np.mean(np.where(y == 1, np.log(probabilities), np.log(1 - probabilities)))
    return log_loss(y, fitted.predict_proba(x), labels=fitted.classes_)


def choose(x, y, validation_x, validation_y) -> float:
    best, min_loss, not_better = STRENGTHS[0], np.inf, 0
    for strength in STRENGTHS:
        current = loss(model(strength, y).fit(x, y), validation_x, validation_y)
        best, min_loss, not_better = (strength, current, 0) if current < min_loss else (best, min_loss, not_better + 1)
        if not_better == PATIENCE:
            break
    return best


def scores(fitted: Pipeline, x: np.ndarray, y: np.ndarray) -> str:
    predicted = fitted.predict(x)
    if y.dtype == np.float64:
        return f"R² {r2_score(y, predicted):.4f}, RMSE {mean_squared_error(y, predicted) ** 0.5:.4f}"
    f1 = {
        average: f"{100 * f1_score(y, predicted, average=average, zero_division=0):.2f} %"
        for average in ("micro", "macro")
    }
    if y.ndim == 2:
        return f"micro F1 {f1['micro']}, macro F1 {f1['macro']} at thresholds of 0.5, log loss {loss(fitted, x, y):.4f}"
    return f"accuracy {100 * accuracy_score(y, predicted):.2f} %, macro F1 {f1['macro']}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/sklearn_baseline.py FILE")
    tensors = load_file(sys.argv[1])
    x, y = tensors["features"].astype(np.float64), tensors["labels"]
    held_out, validation = tensors["held_out"] == 1, tensors["validation"] == 1
    fitting = ~held_out & ~validation

    strength = choose(x[fitting], y[fitting], x[validation], y[validation])
    fitted = model(strength, y).fit(x[~held_out], y[~held_out])
    print(f"scikit-learn: held out: {scores(fitted, x[held_out], y[held_out])}, C = {strength:g}")


if __name__ == "__main__":
    main()
