"""Trains a head with scikit-learn or PyTorch on a running server's embeddings, saves it with the code in
the README, and compares the server's probabilities with the library's.

`python elsewhere.py scikit-learn|pytorch URL FOLDER`; FOLDER is the folder of heads that the server watches.
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path

import numpy

README = Path(__file__).resolve().parent.parent.parent / "README.md"
# Largest allowed difference of probabilities: f32 against float64, or f32 summed in another order.
# Largest seen: 2e-7.
TOLERANCE = 1e-5
TIMEOUT_SECONDS = 30


def blocks():
    """The README's two blocks of Python: the function that saves a head, and its calls."""
    python = [block.split("```")[0] for block in README.read_text(encoding="utf-8").split("```python\n")[1:]]
    assert len(python) == 2, f"the README has {len(python)} blocks of Python"
    return python


def call(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)


def texts(label, count):
    words = {
        "glad": ["good", "very good", "not bad"],
        "sad": ["bad", "not good", "very bad"],
        "calm": ["the", "was", "a"],
    }[label]
    return [f"{words[index % 3]} film {'the was a'.split()[index // 3 % 3]}" for index in range(count)]


def train_with_scikit_learn(rows, names):
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=10.0, max_iter=10_000).fit(rows, names)
    return {"classifier": classifier}, classifier.predict_proba(rows)


def train_with_pytorch(rows, names):
    import torch

    torch.manual_seed(1)
    labels = sorted(set(names))
    model = torch.nn.Sequential(torch.nn.Linear(rows.shape[1], 16), torch.nn.ReLU(), torch.nn.Linear(16, len(labels)))
    x, y = torch.from_numpy(rows), torch.tensor([labels.index(name) for name in names])
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    with torch.no_grad():
        return {"model": model, "labels": labels}, model(x).softmax(1).numpy()


def usage_for(library, usage):
    """The lines of the README's second block that are for this library."""
    begin, end = {"pytorch": ("save_head(", "w, b ="), "scikit-learn": ("w, b =", None)}[library]
    rest = usage[usage.index(begin) :]
    return rest if end is None else rest[: rest.index(end)]


def check(library, url, folder, kinds):
    recipe = "last-four"
    names = [kind for kind in kinds for _ in range(9)]
    inputs = [text for kind in kinds for text in texts(kind, 9)]
    response = call(f"{url}/embed", {"inputs": inputs, "recipe": recipe})
    rows = numpy.array(response["embeddings"], dtype=numpy.float32)
    train = {"pytorch": train_with_pytorch, "scikit-learn": train_with_scikit_learn}[library]
    variables, expected = train(rows, names)
    before = call(f"{url}/info")["heads"].get("mine", {}).get("version")
    os.chdir(Path(folder).parent)
    assert Path(folder).name == "heads"
    variables["encoder"] = call(f"{url}/info")["model"]["fingerprint"]
    definition, usage = blocks()
    exec(definition, variables)
    exec(usage_for(library, usage), variables)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while call(f"{url}/info")["heads"].get("mine", {}).get("version") == before:
        assert time.monotonic() < deadline, "the head is not served"
        time.sleep(0.02)
    response = call(f"{url}/classify", {"inputs": inputs, "heads": ["mine"]})
    assert response["labels"]["mine"] == sorted(kinds), response["labels"]
    probabilities = numpy.array([result["mine"]["probabilities"] for result in response["results"]])
    difference = float(numpy.abs(probabilities - expected).max())
    print(f"{library}, {len(kinds)} labels: largest difference {difference:.1e}")
    assert difference < TOLERANCE, difference
    assert len({result["mine"]["label"] for result in response["results"]}) > 1, "all texts got the same label"


def main():
    library, url, folder = sys.argv[1:]
    check(library, url, folder, ["glad", "sad", "calm"])
    check(library, url, folder, ["glad", "sad"])


if __name__ == "__main__":
    main()
