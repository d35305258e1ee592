"""Tiny checkpoints with a classifier of tokens: the encoders of tests/fixtures/families with other heads.

Random encoders give rows that hardly differ from token to token, so the classifier's weights are wide; except for
ModernBERT, whose rows differ much, so that rounding in f32 would show in the scores.
"""

import json
import shutil
import zlib
from pathlib import Path

import numpy
import safetensors.numpy

ROOT = Path(__file__).resolve().parents[2]
FAMILIES = ROOT / "tests" / "fixtures" / "families"
# One of each kind of tokenizer; MPNet and DistilBERT mark the tokens that go on a word.
NAMES = ["distilbert", "mpnet", "roberta", "camembert", "modernbert", "deberta-v2", "albert"]
CLASSES = {
    "distilbert": "DistilBert",
    "mpnet": "MPNet",
    "roberta": "Roberta",
    "camembert": "Camembert",
    "modernbert": "ModernBert",
    "deberta-v2": "DebertaV2",
    "albert": "Albert",
}
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC", "I-A-B"]
AGGREGATIONS = ["none", "simple", "first", "average", "max"]
WIDTH = 32
SPREAD = {"modernbert": 0.3}


def classifier(name):
    """The tensors of the new classifier."""
    rng = numpy.random.default_rng(zlib.crc32(name.encode()))
    weight, bias = rng.normal(0, SPREAD.get(name, 1.0), (len(LABELS), WIDTH)), rng.normal(0, 0.5, len(LABELS))
    return {"classifier.weight": weight.astype(numpy.float32), "classifier.bias": bias.astype(numpy.float32)}


def write(name, folder):
    """Writes the checkpoint; returns the tensors that replace the family's own classifier."""
    shutil.copytree(FAMILIES / name, folder, dirs_exist_ok=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = [f"{CLASSES[name]}ForTokenClassification"]
    config["id2label"] = {str(index): label for index, label in enumerate(LABELS)}
    config["label2id"] = {label: index for index, label in enumerate(LABELS)}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tensors = safetensors.numpy.load_file(folder / "model.safetensors")
    own = ("classifier.", "pre_classifier.")
    kept = {key: tensor for key, tensor in tensors.items() if not key.startswith(own)}
    new = classifier(name)
    (folder / "model.safetensors").write_bytes(safetensors.numpy.save(kept | new, metadata={"format": "pt"}))
    return new


def pipelines(folder):
    """transformers' pipelines for all aggregations, in float64."""
    import torch
    import transformers

    kind = "sdpa" if folder.name == "modernbert" else "eager"
    model = transformers.AutoModelForTokenClassification.from_pretrained(
        folder, attn_implementation=kind, dtype=torch.float64
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    # The pipeline cuts at this length, and tiny models say nothing of theirs.
    padding = 0 if folder.name in ("distilbert", "modernbert", "deberta-v2", "albert") else model.config.pad_token_id + 1
    tokenizer.model_max_length = min(tokenizer.model_max_length, model.config.max_position_embeddings - padding)
    return {
        name: transformers.pipeline(
            "token-classification", model=model.eval(), tokenizer=tokenizer, aggregation_strategy=name, device="cpu"
        )
        for name in AGGREGATIONS
    }


def spans(pipeline, text, ignored=("O",)):
    """[label, score, start, end] of each entity."""
    found = pipeline(text, ignore_labels=list(ignored))
    return [
        [one.get("entity_group", one.get("entity")), float(one["score"]), int(one["start"]), int(one["end"])]
        for one in found
    ]
