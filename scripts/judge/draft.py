"""A draft of a tiny checkpoint, which settings change, and the folder written from it."""

from dataclasses import dataclass, field
from pathlib import Path

from modules import Module
from tensors import model_tensors, save_tensors
from tiny import SENTENCE_TYPES, bert_config, tokenizer_json, vocabulary, write_content


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
