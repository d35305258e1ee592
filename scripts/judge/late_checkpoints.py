"""Tiny models of late interaction: the encoders of tests/fixtures with a layer for the vectors of tokens, in each
layout that people have, and what sentence-transformers' MultiVectorEncoder makes of them in float64."""

import json
import shutil
import zlib
from pathlib import Path

from tiny import write_content

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
OWN_FILES = ["modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling"]
OWN_FILES += ["golden.json", "hidden.safetensors"]
COLUMNS = 16
PYLATE = "sentence_transformers.models.Transformer", "pylate.models.Dense.Dense"
IDENTITY = "torch.nn.modules.linear.Identity"


def pylate(folder):
    """Markers that a text would break up, queries filled up with masks that no token attends to, and the usual list of
    skipped words: as PyLate's first versions wrote it."""
    modules = [{"idx": 0, "name": "0", "path": "", "type": PYLATE[0]}]
    modules += [{"idx": 1, "name": "1", "path": "1_Dense", "type": PYLATE[1]}]
    write_content(folder / "modules.json", modules)
    dense(folder, {"in_features": 32, "out_features": COLUMNS, "bias": False, "activation_function": IDENTITY})
    options = {
        "model_type": "ColBERT",
        "prompts": {},
        "default_prompt_name": None,
        "similarity_fn_name": "MaxSim",
        "query_prefix": "##s ",
        "document_prefix": "##e ",
        "query_length": 12,
        "document_length": 20,
        "attend_to_expansion_tokens": False,
    }
    write_content(folder / "config_sentence_transformers.json", options)
    write_content(folder / "sentence_bert_config.json", {"max_seq_length": 60, "do_lower_case": False})


def pylate_words(folder):
    """The same without a type, with words of its own, and masks that tokens attend to."""
    pylate(folder)
    file = folder / "config_sentence_transformers.json"
    options = json.loads(file.read_text(encoding="utf-8"))
    del options["model_type"]
    options |= {"query_prefix": "the ", "document_prefix": "", "skiplist_words": ["the", ".", "no such word"]}
    options |= {"attend_to_expansion_tokens": True, "prompts": {"document": "a film: "}}
    write_content(file, options)


def colbert(folder):
    """A folder of ColBERT itself, with its layer beside the encoder."""
    import torch
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    tensors = load_file(file) | {"linear.weight": numbers("colbert", COLUMNS, 32)}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, {"format": "pt"})
    assert tensors["linear.weight"].dtype == torch.float32
    edit(folder, architectures=["HF_ColBERT"])
    metadata = {"query_token_id": "##s", "doc_token_id": "##e", "query_token": "[Q]", "doc_token": "[D]", "dim": COLUMNS}
    metadata |= {"query_maxlen": 14, "doc_maxlen": 18, "mask_punctuation": True, "attend_to_mask_tokens": False}
    write_content(folder / "artifact.metadata", metadata | {"similarity": "cosine"})


def native(folder, steps, **options):
    """A folder that MultiVectorEncoder itself saves; `steps` are the layers' widths and residuals."""
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.base.modules.dense import Dense
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
    import torch

    mask = {name: options.pop(name) for name in list(options) if name.startswith("skiplist")}
    prompts = options.pop("prompts", {})
    similarity = options.pop("similarity", "maxsim")
    modules, width = [Transformer(str(folder), **options)], 32
    for index, (columns, activation, residual) in enumerate(steps):
        layer = Dense(
            in_features=width,
            out_features=columns,
            bias=index == 0,
            activation_function=activation,
            use_residual=residual,
            module_input_name="token_embeddings",
        )
        for name, parameter in layer.named_parameters():
            with torch.no_grad():
                parameter.copy_(numbers(f"{folder.name} {index} {name}", *parameter.shape))
        modules.append(layer)
        width = columns
    modules += [MultiVectorMask(**mask), Normalize(module_input_name="token_embeddings")]
    model = MultiVectorEncoder(modules=modules, prompts=prompts, similarity_fn_name=similarity, device="cpu")
    model.save_pretrained(str(folder))
    for name in ["README.md", "tokenizer.json", "tokenizer_config.json"]:
        # The encoder's own are used, which later versions write in another form.
        source = folder.parent / f"{folder.name}-encoder" / name
        shutil.copy(source, folder) if source.exists() else (folder / name).unlink(missing_ok=True)


def mpnet(folder):
    import torch

    expansion = {"strategy": "min", "attend": False, "length": 10}
    steps = [(24, torch.nn.GELU(), False), (24, torch.nn.Identity(), True), (COLUMNS, torch.nn.Identity(), True)]
    native(
        folder,
        steps,
        query_expansion=expansion,
        query_length=16,
        document_length=40,
        skiplist_words=["the", ","],
        skiplist_tasks=["query", "document"],
        similarity="meanmaxsim",
    )


def short(folder):
    """Queries that are cut before they are filled up."""
    import torch

    expansion = {"strategy": "min", "attend": True, "length": 10}
    native(folder, [(COLUMNS, torch.nn.Identity(), False)], query_expansion=expansion)
    file = folder / "sentence_bert_config.json"
    write_content(file, json.loads(file.read_text(encoding="utf-8")) | {"max_seq_length": 7})


def modernbert(folder):
    """Local layers reach 4 tokens, so the last tokens of a short query have no key there."""
    import torch

    expansion = {"strategy": "fixed", "attend": False, "length": 12, "token": "[UNK]"}
    prompts = {"query": "find: ", "document": "text: "}
    native(
        folder,
        [(COLUMNS, torch.nn.Identity(), False)],
        query_expansion=expansion,
        document_length=30,
        prompts=prompts,
        skiplist_words=[","],
    )


def roberta(folder):
    import torch

    native(folder, [(COLUMNS, torch.nn.Identity(), False)], document_length=20, query_length=9)


# The encoder of each model, and what writes the rest.
CHECKPOINTS = {
    "pylate": ("tiny/single-label", pylate),
    "pylate-words": ("tiny/single-label", pylate_words),
    "colbert": ("tiny/single-label", colbert),
    "mpnet": ("families/mpnet", mpnet),
    "short": ("families/mpnet", short),
    "modernbert": ("families/modernbert", modernbert),
    "roberta": ("families/roberta", roberta),
}


def numbers(seed, *shape):
    import torch

    generator = torch.Generator().manual_seed(zlib.crc32(seed.encode()))
    return torch.randn(shape, generator=generator) * 0.3


def edit(folder, **fields):
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    write_content(file, config | fields)


def dense(folder, config):
    from safetensors.torch import save_file

    write_content(folder / "1_Dense" / "config.json", config)
    weight = numbers(folder.name, config["out_features"], config["in_features"])
    save_file({"linear.weight": weight}, folder / "1_Dense" / "model.safetensors")


def copy_encoder(source, folder):
    shutil.copytree(FIXTURES / source, folder, dirs_exist_ok=True)
    for own in OWN_FILES:
        path = folder / own
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def write(name, folder):
    """Writes the checkpoint; returns the folder of its encoder."""
    source, write_rest = CHECKPOINTS[name]
    for target in [folder, folder.parent / f"{folder.name}-encoder"]:
        copy_encoder(source, target)
    kinds = {"tiny/single-label": "BertModel", "families/mpnet": "MPNetModel"}
    kinds |= {"families/modernbert": "ModernBertModel", "families/roberta": "RobertaModel"}
    edit(folder, architectures=[kinds[source]])
    write_rest(folder)
    return FIXTURES / source


def model(folder):
    """What the library makes of a folder, in float64."""
    import torch
    from sentence_transformers import MultiVectorEncoder

    kind = "sdpa" if json.loads((folder / "config.json").read_text())["model_type"] == "modernbert" else "eager"
    options = {"attn_implementation": kind, "dtype": torch.float64}
    return MultiVectorEncoder(str(folder), device="cpu", model_kwargs=options).double().eval()


def vectors(encoder, queries, documents):
    """Those of each text by itself, so that nothing is padded that isn't part of it."""
    of_queries = [encoder.encode_query([text])[0] for text in queries]
    return of_queries, [encoder.encode_document([text])[0] for text in documents]


BGE_M3 = "families/xlm-roberta"


def write_bge_m3(folder):
    """An XLM-RoBERTa with the two heads of bge-m3, as FlagEmbedding saves them."""
    import torch

    copy_encoder(BGE_M3, folder)
    edit(folder, architectures=["XLMRobertaModel"])
    # Rows of tokens differ little, so that the second layer needs large weights for some to be above 0.
    for file, outputs, scale in [("colbert_linear.pt", 32, 1), ("sparse_linear.pt", 1, 8)]:
        weight = numbers(f"{file} weight", outputs, 32) * scale
        weights = {"weight": weight, "bias": numbers(f"{file} bias", outputs) + 2.8 * (scale - 1)}
        torch.save(weights, folder / file)


class BgeM3:
    """The heads of bge-m3 in float64, as its paper (arXiv:2402.03216, section 3.1) and its model card define them: the
    first token has no vector, and the tokens that every text has have no weight."""

    def __init__(self, folder):
        import torch
        import transformers

        options = {"attn_implementation": "eager", "dtype": torch.float64}
        self.encoder = transformers.AutoModel.from_pretrained(folder, **options).eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.heads = {name: torch.load(folder / f"{name}_linear.pt") for name in ["colbert", "sparse"]}

    def outputs(self, text):
        """The vectors of tokens, and the weights of ids."""
        import torch

        tokens = self.tokenizer(text, return_tensors="pt", truncation=True, max_length=self.most_tokens())
        hidden = self.encoder(**tokens).last_hidden_state[0]
        vectors = torch.nn.functional.normalize(self.apply("colbert", hidden[1:]), dim=-1)
        weights = torch.relu(self.apply("sparse", hidden))[:, 0].tolist()
        special = ["cls_token_id", "eos_token_id", "pad_token_id", "unk_token_id"]
        special = {getattr(self.tokenizer, name) for name in special}
        row = {}
        for token, weight in zip(tokens["input_ids"][0].tolist(), weights):
            if token not in special and weight > row.get(token, 0.0):
                row[token] = weight
        return vectors, row

    def apply(self, head, rows):
        return rows @ self.heads[head]["weight"].double().T + self.heads[head]["bias"].double()

    def most_tokens(self):
        # Positions begin after that of the padding.
        return self.encoder.config.max_position_embeddings - self.encoder.config.pad_token_id - 1
