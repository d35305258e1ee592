"""Modules of sentence-transformers."""

from dataclasses import dataclass, field

from tiny import SENTENCE_TYPES, TANH


@dataclass
class Module:
    """An entry of modules.json, its config.json and its tensors' shapes."""

    path: str
    kind: str
    config: dict | None = None
    tensors: dict = field(default_factory=dict)


def pooling(*modes, path="1_Pooling", **more):
    """A Pooling as written since version 6."""
    mode = modes[0] if len(modes) == 1 else list(modes)
    config = {"embedding_dimension": 8, "pooling_mode": mode, "include_prompt": True} | more
    return Module(path, SENTENCE_TYPES + "Pooling", config)


def dense(path, inputs, outputs, activation=TANH, bias=True, **more):
    config = {"in_features": inputs, "out_features": outputs, "bias": bias, "activation_function": activation}
    tensors = {"linear.weight": (outputs, inputs)} | ({"linear.bias": (outputs,)} if bias else {})
    return Module(path, SENTENCE_TYPES + "Dense", config | more, tensors)


def layer_norm(path, width):
    tensors = {"norm.weight": (width,), "norm.bias": (width,)}
    return Module(path, SENTENCE_TYPES + "LayerNorm", {"dimension": width}, tensors)


def dropout(path):
    return Module(path, SENTENCE_TYPES + "Dropout", {"dropout": 0.3})


def weighted_layers(path, layers, first):
    """A weighted mean over the layers from `first`; 0 is the embedding output."""
    config = {"word_embedding_dimension": 8, "num_hidden_layers": layers, "layer_start": first}
    return Module(path, SENTENCE_TYPES + "WeightedLayerPooling", config, {"layer_weights": (layers + 1 - first,)})


def normalize(path):
    return Module(path, SENTENCE_TYPES + "Normalize", {})
