"""The tensors of tiny checkpoints: their shapes, and files with random numbers."""

import numpy
import safetensors.numpy


def model_tensors(config, outputs):
    """(name, shape) of all tensors; a classifier's encoder is called bert."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    prefix = "" if config["architectures"] in (None, ["BertModel"]) else "bert."
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    for table, rows in tables.items():
        yield f"{prefix}embeddings.{table}_embeddings.weight", (config[rows], width)
    yield from norm(f"{prefix}embeddings.LayerNorm", width)
    for layer in range(config["num_hidden_layers"]):
        base = f"{prefix}encoder.layer.{layer}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            yield from linear(f"{base}.attention.{name}", width, width)
        yield from norm(f"{base}.attention.output.LayerNorm", width)
        yield from linear(f"{base}.intermediate.dense", inner, width)
        yield from linear(f"{base}.output.dense", width, inner)
        yield from norm(f"{base}.output.LayerNorm", width)
    yield from linear(f"{prefix}pooler.dense", width, width)
    if outputs is not None:
        yield from linear("classifier", outputs, width)


def linear(name, outputs, inputs):
    return [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]


def norm(name, width):
    return [(f"{name}.weight", (width,)), (f"{name}.bias", (width,))]


def save_tensors(path, shapes, seed, dtype):
    """Each tensor has a spread of its own that follows from its name, wide enough for a mistake to show."""
    rng = numpy.random.default_rng(seed)
    tensors = {}
    for name, shape in shapes.items():
        middle = 1.0 if name.endswith(("LayerNorm.weight", "layer_weights")) else 0.0
        spread = 0.6 if "embeddings.weight" in name else 0.3
        tensors[name] = rng.normal(middle, spread, shape).astype(numpy.float32).astype(dtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(safetensors.numpy.save(tensors, metadata={"format": "pt"}))
