"""Settings of sentence-transformers folders."""

from modules import dense, dropout, layer_norm, normalize, pooling, weighted_layers
from tiny import IDENTITY, MODES, PROMPTS, SENTENCE_SETTINGS, SENTENCE_TYPES, SIGMOID, SWITCHES, TANH, TEXT

COMMON, SOME, RARE = 10, 4, 1
ACTIVATIONS = [TANH, IDENTITY, "torch.nn.modules.activation.ReLU", "torch.nn.modules.activation.GELU", SIGMOID,
               "torch.nn.modules.activation.SiLU"]  # fmt: skip


def draw_modules(draft, rng):
    """A Pooling, then Dense, Dropout and Normalize in a random order."""
    modes = rng.sample(MODES, rng.choice([1, 1, 1, 2, 3]))
    draft.modules.append(pooling(*modes))
    width = 8 * len(modes)
    for index in range(2, 2 + rng.choice([0, 1, 1, 2, 3])):
        kind = rng.choice(["Dense", "Dense", "Dense", "Normalize", "Normalize", "Dropout", "LayerNorm"])
        path = f"{index}_{kind}"
        if kind == "Dense":
            outputs = rng.choice([4, 8])
            draft.modules.append(dense(path, width, outputs, rng.choice(ACTIVATIONS), rng.choice([True, False])))
            width = outputs
        elif kind == "LayerNorm":
            draft.modules.append(layer_norm(path, width))
        elif kind == "Normalize":
            draft.modules.append(normalize(path))
        else:
            draft.modules.append(dropout(path))


def pooling_config(draft):
    """The config of the Pooling, or of nothing if there is none."""
    return next((module.config for module in draft.modules if "pooling_mode" in (module.config or {})), {})


def subfolder(draft, _):
    draft.sub = draft.modules[0].path = "0_Transformer"


def pooling_switches(draft, rng):
    """The form before version 6."""
    config = pooling_config(draft)
    modes = config.pop("pooling_mode", "mean")
    modes = [modes] if isinstance(modes, str) else modes
    config["word_embedding_dimension"] = config.pop("embedding_dimension", 8)
    config |= {SWITCHES[mode]: mode in modes for mode in MODES}
    if rng.random() < 0.3:
        config.pop("include_prompt", None)


def new_type_names(draft, _):
    for module in draft.modules:
        name = module.kind.rsplit(".", 1)[1]
        base = "base" if name in ("Transformer", "Dense", "Normalize") else "sentence_transformer"
        module.kind = f"sentence_transformers.{base}.modules.{name.lower()}.{name}"


def include_prompt(draft, rng):
    value = rng.choice([False, False, True])
    pooling_config(draft)["include_prompt"] = value
    prompts(draft, rng)
    return value


def prompts(draft, rng):
    draft.files[PROMPTS] = {
        "__version__": {"sentence_transformers": "6.2.0"},
        "prompts": rng.choice([{"query": "the query: ", "document": ""}, {"query": "one ", "document": None}]),
        "default_prompt_name": rng.choice([None, None, "query"]),
        "similarity_fn_name": rng.choice(["cosine", "dot"]),
    }
    return draft.files[PROMPTS]


def null_prompts(draft, rng):
    value = rng.choice([{}, {"query": None}])
    draft.files[PROMPTS] = {"prompts": value, "default_prompt_name": None}
    return value


def sentence_config(draft, more, name=SENTENCE_SETTINGS):
    draft.files[name] = draft.files.get(name, {}) | more


def max_seq_length(draft, rng):
    value = rng.choice([7, 12, 30, 64, None])
    sentence_config(draft, {"max_seq_length": value})
    return value


def lower_case_first(draft, rng):
    value = rng.choice([True, True, False])
    sentence_config(draft, {"do_lower_case": value, "max_seq_length": 20})
    return value


def older_file_name(draft, rng):
    name = rng.choice(["distilbert", "roberta", "albert", "xlnet"])
    sentence_config(draft, {"max_seq_length": 10, "do_lower_case": False}, f"sentence_{name}_config.json")
    return name


def version_6(draft, rng):
    more = {
        "transformer_task": "feature-extraction",
        "modality_config": {"text": TEXT},
        "module_output_name": "token_embeddings",
    }
    if rng.random() < 0.3:
        more["processing_kwargs"] = {"text": {"max_length": rng.choice([6, 10, 30])}}
    sentence_config(draft, more)
    return more.get("processing_kwargs")


def processor_settings(draft, rng):
    name = rng.choice(["processor_kwargs", "tokenizer_args"])
    value = rng.choice([{}, {"model_max_length": 12}, {"do_lower_case": False}, {"strip_accents": False},
                        {"truncation_side": "left"}, {"use_fast": True}, {"tokenize_chinese_chars": False}])  # fmt: skip
    sentence_config(draft, {name: value})
    return f"{name} {value}"


def model_settings(draft, rng):
    name = rng.choice(["model_kwargs", "model_args", "config_kwargs", "config_args"])
    values = [{}, {"attn_implementation": "eager"}, {"torch_dtype": "float32"}]
    value = rng.choice(values + ([{"hidden_act": "relu"}, {"layer_norm_eps": 0.1}] if "config" in name else []))
    sentence_config(draft, {name: value})
    return f"{name} {value}"


def pooled_by_the_model(draft, _):
    """The encoder's own pooler instead of a Pooling."""
    draft.modules = draft.modules[:1]
    more = {"modality_config": {"text": TEXT | {"method_output_name": "pooler_output"}},
            "module_output_name": "sentence_embedding", "transformer_task": "feature-extraction"}  # fmt: skip
    sentence_config(draft, more)


def residual(draft, rng):
    for module in draft.modules:
        if module.kind.endswith("Dense") and rng.random() < 0.7:
            inputs, outputs = module.config["in_features"], module.config["out_features"]
            module.config["use_residual"] = True
            if inputs != outputs:
                module.tensors["residual.weight"] = (outputs, inputs)


def hidden_state(draft, rng):
    layer = rng.choice([-2, -1, 0, 1])
    modality = {"text": TEXT | {"method_output_name": ["hidden_states", layer]}}
    more = {"modality_config": modality, "module_output_name": "token_embeddings"}
    sentence_config(draft, {"transformer_task": "feature-extraction"} | more)
    return layer


def truncated(draft, rng):
    value = rng.choice([1, 3, 100])
    draft.files[PROMPTS] = draft.files.get(PROMPTS, {"prompts": {}}) | {"truncate_dim": value}
    return value


def layer_weights(draft, rng):
    """Token rows that are a weighted mean over layers."""
    layers, start = draft.config["num_hidden_layers"], rng.choice([0, 1])
    draft.modules.insert(1, weighted_layers("1_Layers", layers, start))
    draft.config["output_hidden_states"] = rng.choice([True, True, False])


def broken_list(draft, rng):
    """Lists of modules that make no row of a text, and classes of other libraries."""
    style = rng.choice(["no pooling", "pooling first", "foreign class", "unknown class"])
    if len(draft.modules) < 2:
        return "none"
    if style == "no pooling":
        del draft.modules[1]
        draft.modules.append(normalize("9_Normalize"))
    elif style == "pooling first":
        draft.modules[0], draft.modules[1] = draft.modules[1], draft.modules[0]
    else:
        name = "other_library.models.Pooling" if style == "foreign class" else SENTENCE_TYPES + "LSTM"
        draft.modules[1].kind = name
    return style


SETTINGS = [
    (COMMON, subfolder), (COMMON, pooling_switches), (SOME, new_type_names), (SOME, include_prompt), (SOME, prompts),
    (SOME, null_prompts), (COMMON, max_seq_length), (SOME, lower_case_first), (SOME, older_file_name),
    (SOME, version_6), (SOME, processor_settings), (RARE, model_settings), (RARE, pooled_by_the_model),
    (SOME, residual), (SOME, hidden_state), (SOME, truncated), (RARE, layer_weights), (RARE, broken_list),
]  # fmt: skip
