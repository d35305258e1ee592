"""Compares /zero-shot with transformers' pipeline for zero-shot classification, in float64, on 200 snippets.

    python scripts/judge/zero_shot.py BINARY FILE

FILE is a table with a column `text`. The checkpoints are tiny classifiers of three families whose labels are made
those of natural language inference. Scores have to agree within 1e-5, and with them the order of labels. Loopback
only.
"""

import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import reference  # noqa: F401  (settings of the libraries)
from embeddings import snippets
from server import Server
from tiny import ENCODERS

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
# The folder of each checkpoint, and its labels in their order.
CHECKPOINTS = {
    "null-softmax": ("tiny/null-softmax", ["contradiction", "entailment", "neutral"]),
    "roberta": ("families/roberta", ["entailment", "neutral", "contradiction"]),
    "modernbert": ("families/modernbert", ["CONTRADICTION", "NEUTRAL", "Entailed"]),
}
REQUESTS = [
    {"labels": ["sport", "politics", "film"]},
    {"labels": ["sport", "politics", "film"], "multi_label": True, "template": "It is about {}"},
    {"labels": ["good"], "template": "The story is {}!"},
]
TOLERANCE = 1e-5
TEXTS = 200
warnings.filterwarnings("ignore")


def main():
    binary, file = (Path(argument).resolve() for argument in sys.argv[1:])
    texts = snippets(file)[: TEXTS * 5 : 5]
    failed = 0
    for name in CHECKPOINTS:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / name
            write(name, folder)
            pipeline = make_pipeline(folder)
            expected = [[ask(pipeline, text, request) for text in texts] for request in REQUESTS]
            for encoder in ENCODERS:
                largest, wrong = compare(binary, folder, encoder, texts, expected)
                failed += wrong
                print(f"{name}, {encoder}: {wrong} answers differ, largest difference of scores {largest:.1e}", flush=True)
    return 1 if failed else 0


def write(name, folder):
    source, labels = CHECKPOINTS[name]
    shutil.copytree(FIXTURES / source, folder, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["id2label"] = {str(index): label for index, label in enumerate(labels)}
    config["label2id"] = {label: index for index, label in enumerate(labels)}
    config["problem_type"] = None
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def make_pipeline(folder):
    import torch
    import transformers

    kind = "sdpa" if folder.name == "modernbert" else "eager"
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, attn_implementation=kind, dtype=torch.float64
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # The pipeline cuts at this length, and tiny models say nothing of theirs.
    padding = model.config.pad_token_id + 1 if folder.name == "roberta" else 0
    tokenizer.model_max_length = min(tokenizer.model_max_length, model.config.max_position_embeddings - padding)
    return transformers.pipeline("zero-shot-classification", model=model.eval(), tokenizer=tokenizer, device="cpu")


def ask(pipeline, text, request):
    """{label: score}"""
    options = {"multi_label": request.get("multi_label", False)}
    if "template" in request:
        options["hypothesis_template"] = request["template"]
    found = pipeline(text, candidate_labels=request["labels"], **options)
    return dict(zip(found["labels"], found["scores"]))


def compare(binary, folder, encoder, texts, expected):
    """(the largest difference of scores, answers that differ)"""
    largest, wrong = 0.0, 0
    with Server(binary, folder, encoder) as server:
        for request, answers in zip(REQUESTS, expected):
            for first in range(0, len(texts), 20):
                status, answer = server.post("/zero-shot", {"inputs": texts[first : first + 20]} | request)
                if status != 200:
                    sys.exit(f"{folder.name}: status {status}: {answer}")
                for found, wanted in zip(answer["results"], answers[first:]):
                    scores = dict(zip(found["labels"], found["scores"]))
                    apart = max(abs(scores[label] - wanted[label]) for label in wanted)
                    in_order = found["scores"] == sorted(found["scores"], reverse=True)
                    largest = max(largest, apart)
                    if apart > TOLERANCE or not in_order or set(scores) != set(wanted):
                        wrong += 1
                        print(f"{folder.name} {encoder}: {found} instead of {wanted}")
    return largest, wrong


if __name__ == "__main__":
    sys.exit(main())
