"""Writes a checkpoint of BERT-base's shape with random weights: `python make_base.py MODEL OUT`.

Speed doesn't depend on what the weights are, and nobody has to download 440 MB. The tokenizer is
MODEL's, whose vocabulary is BERT-base's.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

SEED = 20240607
SPREAD = 0.02  # as BERT's own weights were drawn
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
    "initializer_range": SPREAD,
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
    # Under another name until it is whole: an interrupted run leaves nothing that looks finished.
    partial = weights.with_suffix(".partial")
    save_file(tensors(np.random.default_rng(SEED)), partial)
    partial.rename(weights)


def tensors(random):
    c, wide = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    named = {}

    def matrix(name, *shape):
        named[f"{name}.weight"] = random.standard_normal(shape, np.float32) * np.float32(SPREAD)

    def linear(name, outputs, inputs):
        matrix(name, outputs, inputs)
        named[f"{name}.bias"] = random.standard_normal(outputs, np.float32) * np.float32(SPREAD)

    def norm(name):
        named[f"{name}.weight"], named[f"{name}.bias"] = np.ones(c, np.float32), np.zeros(c, np.float32)

    matrix("embeddings.word_embeddings", CONFIG["vocab_size"], c)
    matrix("embeddings.position_embeddings", CONFIG["max_position_embeddings"], c)
    matrix("embeddings.token_type_embeddings", CONFIG["type_vocab_size"], c)
    norm("embeddings.LayerNorm")
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        for part in ["query", "key", "value"]:
            linear(f"{at}.attention.self.{part}", c, c)
        linear(f"{at}.attention.output.dense", c, c)
        norm(f"{at}.attention.output.LayerNorm")
        linear(f"{at}.intermediate.dense", wide, c)
        linear(f"{at}.output.dense", c, wide)
        norm(f"{at}.output.LayerNorm")
    return named


if __name__ == "__main__":
    main()
