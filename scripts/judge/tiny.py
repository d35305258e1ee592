"""Tiny checkpoints with random weights: a draft that settings change, and the folder written from it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy
import safetensors.numpy

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PUNCTUATION = list(".,!?'-()[]/$")
LETTERS = list("abcdefghinorstuvé") + list("TCAÉ")
WORDS = "the cat dog runs tree house one two three red café Cat The CAT Café 日 本 日本".split()
PIECES = "##s ##ed ##ing ##本".split()
LONG = "the cat runs house tree dog one two three red the dog runs tree house cat"

SENTENCE_TYPES = "sentence_transformers.models."
SENTENCE_SETTINGS = "sentence_bert_config.json"
PROMPTS = "config_sentence_transformers.json"
# A Pooling's modes, and the older switches.
SWITCHES = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
MODES = list(SWITCHES)
# What a Transformer's modality_config has for texts.
TEXT = {"method": "forward", "method_output_name": "last_hidden_state"}
IDENTITY, SIGMOID = "torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid"
TANH = "torch.nn.modules.activation.Tanh"


def vocabulary(extra=()):
    letters = LETTERS + [f"##{letter}" for letter in LETTERS]
    return list(dict.fromkeys(SPECIAL + PUNCTUATION + letters + WORDS + PIECES + list(extra)))


def write_content(path, content):
    """Writes a text as it is, and anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def special_token(content, index, **flags):
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": index, "content": content} | plain | flags


def template(*parts):
    """`[CLS]:0 $A:0` as in tokenizer.json."""

    def piece(part):
        name, type_id = part.rsplit(":", 1)
        key, name = ("Sequence", name[1:]) if name[0] == "$" else ("SpecialToken", name)
        return {key: {"id": name, "type_id": int(type_id)}}

    return [piece(part) for part in parts]


def template_processing(single, pair, ids):
    """`ids` are those of the special tokens by name."""
    tokens = {name: {"id": name, "ids": [index], "tokens": [name]} for name, index in ids.items()}
    return {
        "type": "TemplateProcessing",
        "single": template(*single.split()),
        "pair": template(*pair.split()),
        "special_tokens": tokens,
    }


def tokenizer_json(vocab, lowercase=True, strip_accents=None, handle_chinese_chars=True):
    """tokenizer.json of a plain BERT tokenizer."""
    ids = {token: index for index, token in enumerate(vocab)}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [special_token(token, ids[token]) for token in SPECIAL],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": handle_chinese_chars,
            "strip_accents": strip_accents,
            "lowercase": lowercase,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template_processing(
            "[CLS]:0 $A:0 [SEP]:0",
            "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
            {"[CLS]": ids["[CLS]"], "[SEP]": ids["[SEP]"]},
        ),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }


def bert_config(words, **more):
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": words,
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 12,
        "hidden_act": "gelu",
        "max_position_embeddings": 40,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    } | more


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


@dataclass
class Draft:
    """What will be written. `tokenizer` or `vocab` is None where there is no such file."""

    seed: int
    config: dict
    tokenizer: dict | None
    vocab: list | None
    tokenizer_config: dict | None
    # The folder of config, weights and tokenizer within the checkpoint.
    sub: str = ""
    modules: list | None = None
    # Other files by their path: JSON values.
    files: dict = field(default_factory=dict)
    # float16 takes the least room; all computing is done in other dtypes.
    dtype: str = "float16"
    # The classifier's outputs, or None.
    outputs: int | None = None

    @classmethod
    def plain(cls, seed=0, extra=(), rows=0, **config):
        """A BertModel with tokenizer.json; `rows` more rows in the word table than tokens."""
        vocab = vocabulary(extra)
        tokenizer_config = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 40}
        return cls(seed, bert_config(len(vocab) + rows, **config), tokenizer_json(vocab), None, tokenizer_config)

    @classmethod
    def vocab_only(cls, seed=0, extra=(), rows=0, **config):
        draft = cls.plain(seed, extra, rows, **config)
        draft.tokenizer, draft.vocab = None, vocabulary(extra)
        return draft

    @classmethod
    def sentence(cls, *modules, sub="", seed=0, **config):
        """A sentence-transformers folder: a Transformer in `sub`, then `modules`."""
        draft = cls.plain(seed, **config)
        draft.sub = sub
        draft.modules = [Module(sub, SENTENCE_TYPES + "Transformer"), *modules]
        return draft

    def classify(self, labels, problem_type=None, **more):
        """Makes it a BertForSequenceClassification."""
        self.outputs = len(labels)
        self.config |= {
            "architectures": ["BertForSequenceClassification"],
            "id2label": {str(index): label for index, label in enumerate(labels)},
            "label2id": {label: index for index, label in enumerate(labels)},
            "problem_type": problem_type,
        }
        self.config |= more
        return self

    def contents(self):
        """(path, a JSON value or a text) of all files but weights."""
        encoder = Path(self.sub)
        yield encoder / "config.json", self.config
        if self.tokenizer is not None:
            yield encoder / "tokenizer.json", self.tokenizer
        if self.vocab is not None:
            yield encoder / "vocab.txt", "\n".join(self.vocab) + "\n"
        if self.tokenizer_config is not None:
            yield encoder / "tokenizer_config.json", self.tokenizer_config
        if self.modules is not None:
            yield Path("modules.json"), [
                {"idx": index, "name": str(index), "path": module.path, "type": module.kind}
                for index, module in enumerate(self.modules)
            ]
            for module in self.modules:
                if module.config is not None:
                    yield Path(module.path) / "config.json", module.config
        for path, value in self.files.items():
            yield Path(path), value

    def weights(self):
        """(path, shapes by name, dtype, seed) of all weights."""
        shapes = dict(model_tensors(self.config, self.outputs))
        yield Path(self.sub) / "model.safetensors", shapes, self.dtype, self.seed
        for index, module in enumerate(self.modules or []):
            if module.tensors:
                path = Path(module.path) / "model.safetensors"
                yield path, module.tensors, "float32", self.seed + 1000 * (index + 1)

    def write(self, folder):
        for path, content in self.contents():
            write_content(Path(folder) / path, content)
        for path, shapes, dtype, seed in self.weights():
            save_tensors(Path(folder) / path, shapes, seed, dtype)


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
