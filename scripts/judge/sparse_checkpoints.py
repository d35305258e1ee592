"""Tiny masked language models: the encoders of tests/fixtures with other layers after them, and what
sentence-transformers' SparseEncoder makes of them in float64."""

import json
import shutil
import zlib
from pathlib import Path

import safetensors.numpy

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
# The folder of each encoder, and its class.
CHECKPOINTS = {
    "bert": ("tiny/single-label", "BertForMaskedLM"),
    "distilbert": ("families/distilbert", "DistilBertForMaskedLM"),
    "roberta": ("families/roberta", "RobertaForMaskedLM"),
    "mpnet": ("families/mpnet", "MPNetForMaskedLM"),
    "modernbert": ("families/modernbert", "ModernBertForMaskedLM"),
    "nomic_bert": ("families/nomic_bert", "NomicBertForMaskedLM"),
    "gte": ("families/gte", "GteForMaskedLM"),
    "electra": ("families/electra", "ElectraForMaskedLM"),
    "albert": ("families/albert-inner", "AlbertForMaskedLM"),
}
# The beginnings of the names of tensors after an encoder.
AFTER = ("cls.", "lm_head.", "vocab_", "head.", "decoder.", "generator_", "predictions.")
# The mean of the norm's weights, and of the last bias, where rounding in f32 would show, as it does in PyTorch's: up to
# 1.3e-5 with 1. ModernBERT's rows differ so much that every id would have a weight.
NORM, BIAS = {"modernbert": 0.1, "roberta": 0.7, "electra": 0.5, "albert": 0.5}, {"modernbert": -0.7}
SETTINGS = [("max", "relu"), ("sum", "relu"), ("max", "log1p_relu")]
OWN_FILES = ["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling"]


def write(name, folder):
    """Writes the checkpoint; returns the tensors after the encoder."""
    import torch
    import transformers

    source, kind = CHECKPOINTS[name]
    shutil.copytree(FIXTURES / source, folder, dirs_exist_ok=True)
    for own in OWN_FILES:
        path = folder / own
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    model = getattr(transformers, kind).from_pretrained(folder)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    decoder = model.get_output_embeddings()
    with torch.no_grad():
        for module in (decoder, *after(model)):
            for key, tensor in module.named_parameters(recurse=False):
                if tensor is not decoder.weight:
                    is_norm = "norm" in module.__class__.__name__.lower() and key == "weight"
                    mean = NORM.get(name, 1.0) if is_norm else BIAS.get(name, 0.0) if tensor is decoder.bias else 0.0
                    spread = 0.3 * NORM.get(name, 1.0) if is_norm else 0.3
                    tensor.copy_(mean + torch.randn(tensor.shape, generator=generator) * spread)
    model.save_pretrained(folder)
    saved = safetensors.numpy.load_file(folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == [kind], config
    return {key: tensor for key, tensor in saved.items() if key.startswith(AFTER)}


def after(model):
    """The modules after the encoder."""
    base = {id(module) for module in model.base_model.modules()}
    return [module for module in model.modules() if id(module) not in base]


def encoder(folder, pooling, activation):
    """A SparseEncoder of the checkpoint."""
    import torch
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    kind = "sdpa" if folder.name in ("modernbert", "nomic_bert", "gte") else "eager"
    options = {"attn_implementation": kind, "dtype": torch.float64}
    transformer = Transformer(str(folder), transformer_task="fill-mask", model_kwargs=options)
    pool = SpladePooling(pooling_strategy=pooling, activation_function=activation)
    model = SparseEncoder(modules=[transformer, pool], device="cpu").double()
    # It cuts at this length, and tiny models say nothing of theirs; some begin to count after the padding.
    config = transformer.auto_model.config
    before = config.pad_token_id + 1 if folder.name in ("roberta", "mpnet") else 0
    model.max_seq_length = min(config.max_position_embeddings - before, 512)
    return model


def rows(model, texts):
    """The dense rows of texts, each by itself, so that nothing is padded."""
    found = [model.encode([text], convert_to_tensor=True, convert_to_sparse_tensor=False) for text in texts]
    return [row[0].tolist() for row in found]
