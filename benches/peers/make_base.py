"""Writes a checkpoint of BERT-base's shape with random weights: `python make_base.py MODEL OUT`.

The speed does not depend on the values of the weights, so nobody has to download 440 MB. The tokenizer
is copied from MODEL, which has BERT-base's vocabulary.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SEED = 20240607
STANDARD_DEVIATION = 0.02  # as in BERT's own initialisation
CONFIG = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "initializer_range": STANDARD_DEVIATION,
}
TOKENIZER = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]


def main():
    model, out = Path(sys.argv[1]), Path(sys.argv[2])
    weights = out / "model.safetensors"
    if weights.exists():
        return
    out.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER:
        shutil.copyfile(model / name, out / name)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    # Written under another name first, so that an interrupted run leaves no file that looks complete.
    partial = weights.with_suffix(".partial")
    save_file(tensors(np.random.default_rng(SEED)), partial)
    partial.rename(weights)


def tensors(random):
    c, intermediate = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    named = {}

    def normal(shape):
        return random.standard_normal(shape, np.float32) * np.float32(STANDARD_DEVIATION)

    def matrix(name, *shape):
        named[f"{name}.weight"] = normal(shape)

    def linear(name, outputs, inputs):
        matrix(name, outputs, inputs)
        named[f"{name}.bias"] = normal(outputs)

    def norm(name):
        named[f"{name}.weight"], named[f"{name}.bias"] = np.ones(c, np.float32), np.zeros(c, np.float32)

    matrix("embeddings.word_embeddings", CONFIG["vocab_size"], c)
    matrix("embeddings.position_embeddings", CONFIG["max_position_embeddings"], c)
    matrix("embeddings.token_type_embeddings", CONFIG["type_vocab_size"], c)
    norm("embeddings.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        for part in ["query", "key", "value"]:
            linear(f"{prefix}.attention.self.{part}", c, c)
        linear(f"{prefix}.attention.output.dense", c, c)
        norm(f"{prefix}.attention.output.LayerNorm")
        linear(f"{prefix}.intermediate.dense", intermediate, c)
        linear(f"{prefix}.output.dense", c, intermediate)
        norm(f"{prefix}.output.LayerNorm")
    return named


if __name__ == "__main__":
    main()
