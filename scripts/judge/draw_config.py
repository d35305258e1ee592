"""Settings of config.json and of the weights."""

from tiny import IDENTITY, SIGMOID, TANH

COMMON, SOME, RARE = 10, 4, 1


def hidden_act(draft, rng):
    names = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "gelu_python", "gelu_fast", "silu", "swish",
             "quick_gelu", "mish"]  # fmt: skip
    draft.config["hidden_act"] = rng.choice(names)
    return draft.config["hidden_act"]


def no_hidden_act(draft, _):
    del draft.config["hidden_act"]


def other_hidden_act(draft, rng):
    draft.config["hidden_act"] = rng.choice(["tanh", "gelu_10", "laplace", "relu2", "leaky_relu", "GELU"])
    return draft.config["hidden_act"]


def layer_norm_eps(draft, rng):
    draft.config["layer_norm_eps"] = rng.choice([1e-12, 1e-5, 0.1])
    return draft.config["layer_norm_eps"]


def pad_token_id(draft, rng):
    draft.config["pad_token_id"] = rng.choice([-1, 0, 3, None])
    return draft.config["pad_token_id"]


def dtype(draft, rng):
    draft.dtype = rng.choice(["float64", "float16", "float32"])
    draft.config[rng.choice(["dtype", "torch_dtype"])] = draft.dtype
    return draft.dtype


def token_types(draft, rng):
    draft.config["type_vocab_size"] = rng.choice([2, 3, 4])
    return draft.config["type_vocab_size"]


def is_decoder(draft, rng):
    draft.config["is_decoder"] = rng.choice([True, False])
    return draft.config["is_decoder"]


def position_embedding_type(draft, rng):
    draft.config["position_embedding_type"] = rng.choice(["absolute", "absolute", "relative_key"])
    return draft.config["position_embedding_type"]


def cross_attention(draft, rng):
    draft.config["add_cross_attention"] = rng.choice([True, False])
    return draft.config["add_cross_attention"]


def pruned_heads(draft, rng):
    draft.config["pruned_heads"] = rng.choice([{}, {"0": [1]}])
    return draft.config["pruned_heads"]


def architecture(draft, rng):
    """Encoders with a head that isn't served. A classifier stays one."""
    if draft.outputs is None:
        names = ["BertForMaskedLM", "BertForPreTraining", "BertForNextSentencePrediction", "BertForQuestionAnswering"]
        draft.config["architectures"] = [rng.choice(names)]
        return draft.config["architectures"][0]


def no_architecture(draft, _):
    if draft.outputs is None:
        draft.config["architectures"] = None


def without_effect(draft, rng):
    """Fields that change nothing in inference."""
    draft.config |= {
        "hidden_dropout_prob": rng.choice([0.1, 0.5]),
        "attention_probs_dropout_prob": 0.3,
        "initializer_range": 0.02,
        "use_cache": rng.choice([True, False]),
        "transformers_version": "4.9.0",
        "gradient_checkpointing": False,
        "chunk_size_feed_forward": 0,
        "output_hidden_states": rng.choice([True, False]),
        "classifier_dropout": 0.4,
    }


SETTINGS = [
    (COMMON, hidden_act), (SOME, no_hidden_act), (RARE, other_hidden_act), (SOME, layer_norm_eps),
    (SOME, pad_token_id), (SOME, dtype), (SOME, token_types), (RARE, is_decoder), (RARE, position_embedding_type),
    (RARE, cross_attention), (RARE, pruned_heads), (SOME, architecture), (RARE, no_architecture),
    (SOME, without_effect),
]  # fmt: skip


def draw_classifier(draft, rng):
    count = rng.choice([1, 1, 2, 3])
    draft.classify(["joy", "anger", "fear"][:count])


def problem_type(draft, rng):
    kinds = ["single_label_classification", "multi_label_classification", "regression", None]
    draft.config["problem_type"] = rng.choice(kinds)
    return draft.config["problem_type"]


def label_keys(draft, rng):
    """Labels numbered with gaps, or not at all."""
    labels = list(draft.config["id2label"].values())
    style = rng.choice(["gaps", "num_labels", "label2id only", "numbers"])
    if style == "gaps":
        draft.config["id2label"] = {str(2 * index + 1): label for index, label in enumerate(labels)}
    elif style == "num_labels":
        del draft.config["id2label"], draft.config["label2id"]
        draft.config["num_labels"] = len(labels)
    elif style == "label2id only":
        del draft.config["id2label"]
        draft.config["num_labels"] = len(labels)
    else:
        draft.config["id2label"] = {str(index): index for index, _ in enumerate(labels)}
    return style


def activation(draft, rng):
    name = rng.choice([IDENTITY, SIGMOID] * 3 + [TANH, "torch.nn.modules.activation.Softmax"])
    if rng.random() < 0.5:
        draft.config["sentence_transformers"] = {"activation_fn": name, "version": "6.2.0"}
    else:
        draft.config["sbert_ce_default_activation_function"] = name
    return name


CLASSIFIER_SETTINGS = [(COMMON, problem_type), (SOME, label_keys), (SOME, activation)]
