"""What transformers and sentence-transformers compute for a checkpoint, in float64."""

import contextlib
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
warnings.filterwarnings("ignore")

import logging

import numpy
import sentence_transformers
import torch
import transformers
from sentence_transformers.sentence_transformer.modules import Pooling

logging.disable(logging.WARNING)
torch.set_num_threads(1)
torch.set_grad_enabled(False)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

OPTIONS = {"attn_implementation": "eager", "dtype": torch.float64}
VERSIONS = {module.__name__: module.__version__ for module in (torch, transformers, sentence_transformers)}


class Reference:
    """A checkpoint as the two libraries read it. Raises what they raise."""

    def __init__(self, folder):
        with tempfile.TemporaryDirectory() as copy:
            self.load(as_transformers_4(Path(folder), Path(copy)))

    def load(self, folder):
        self.folder = folder
        self.is_sentence = (self.folder / "modules.json").exists()
        self.sentence, self.sentence_error = None, None
        try:
            self.sentence = sentence_transformers.SentenceTransformer(
                str(folder), device="cpu", model_kwargs=dict(OPTIONS)
            )
            self.sentence.double().eval()
        except Exception as error:
            if self.is_sentence:
                raise
            self.sentence_error = error
        if self.sentence is not None and self.sentence.tokenizer.pad_token is None:
            # sentence-transformers pads even a single text. Nothing is added to the vocabulary.
            first = self.sentence.tokenizer.convert_ids_to_tokens(0)
            self.sentence.tokenizer._special_tokens_map["pad_token"] = first
        self.encoder = self.encoder_folder()
        self.config = json.loads((self.encoder / "config.json").read_text(encoding="utf-8"))
        if self.is_sentence:
            self.tokenizer = self.sentence[0].tokenizer
            self.model = self.sentence[0].model
        else:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.encoder)
            self.model = transformers.AutoModel.from_pretrained(self.encoder, **OPTIONS).eval()
        self.model = getattr(self.model, "bert", self.model)
        self.limit = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)
        self.classifier = None
        if (self.config.get("architectures") or [None])[0] == "BertForSequenceClassification":
            self.classifier = self.load_classifier()

    def encoder_folder(self):
        if not self.is_sentence:
            return self.folder
        modules = json.loads((self.folder / "modules.json").read_text(encoding="utf-8"))
        return self.folder / modules[0]["path"]

    def load_classifier(self):
        return transformers.AutoModelForSequenceClassification.from_pretrained(self.encoder, **OPTIONS).eval()

    def tokens(self, text, pair=None):
        """The model's inputs (1, t), and whether the input was cut."""
        options = {"truncation": "longest_first", "max_length": self.limit, "return_tensors": "pt"}
        if self.is_sentence:
            encoded = self.sentence[0].preprocess([text if pair is None else (text, pair)])
            encoded = {name: value for name, value in encoded.items() if torch.is_tensor(value)}
            # A single text may be padded, too.
            kept = encoded["attention_mask"][0].bool()
            encoded = {name: value[:, kept] for name, value in encoded.items()}
        else:
            encoded = self.tokenizer(text, pair, **options)
        if encoded["input_ids"].shape[1] == 0:
            return {"input_ids": encoded["input_ids"].long().reshape(1, 0)}, False
        whole = self.tokenizer(text, pair, truncation=False)["input_ids"]
        names = "input_ids", "token_type_ids", "attention_mask"
        inputs = {name: encoded[name] for name in names if name in encoded}
        return inputs, len(whole) > inputs["input_ids"].shape[1]

    def hidden_states(self, inputs):
        """The rows (t, c) after each layer, the embedding output first."""
        outputs = self.model(**inputs, output_hidden_states=True, return_dict=True)
        return [state[0].numpy() for state in outputs.hidden_states]

    def native(self, texts, prompt_name=None):
        """One row per text by sentence-transformers; None if no token of it is pooled."""
        if self.sentence is None:
            raise self.sentence_error
        rows = []
        for text in texts:
            with without_prompt() as masks:
                row = self.sentence.encode([text], prompt_name=prompt_name)[0]
            rows.append(row if all(mask.any() for mask in masks) else None)
        return rows

    def classify(self, inputs):
        """Logits and probabilities (None without an activation), in the order of the labels."""
        logits = self.classifier(**inputs).logits[0].numpy()
        return logits, self.activate(logits)

    def activate(self, logits):
        """As transformers' pipeline for text classification chooses, whatever a cross-encoder's own is."""
        config = self.classifier.config
        if config.problem_type == "regression":
            return None
        if config.problem_type == "multi_label_classification" or config.num_labels == 1:
            return sigmoid(logits)
        powers = numpy.exp(logits - logits.max())
        return powers / powers.sum()


@contextlib.contextmanager
def without_prompt():
    """The masks of tokens that are pooled, of each Pooling that leaves out a prompt."""
    masks = []
    exclude = Pooling._exclude_prompt_from_mask

    def record(*arguments):
        masks.append(exclude(*arguments))
        return masks[-1]

    Pooling._exclude_prompt_from_mask = staticmethod(record)
    try:
        yield masks
    finally:
        Pooling._exclude_prompt_from_mask = staticmethod(exclude)


def as_transformers_4(folder, copy):
    """The folder, or a copy for transformers 5, which refuses one label with single_label_classification.

    The pipeline of transformers 4 has a sigmoid there, as without a problem type.
    """
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    count = len(config.get("id2label") or "x" * config.get("num_labels", 2))
    if config.get("problem_type") != "single_label_classification" or count != 1:
        return folder
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    (copy / "config.json").write_text(json.dumps(config | {"problem_type": None}), encoding="utf-8")
    return copy


def sigmoid(logits):
    return 1 / (1 + numpy.exp(-logits))
