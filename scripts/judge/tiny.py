"""What tiny checkpoints are made of: words, and files of a plain BERT and of sentence-transformers."""

import json

# Values of --encoder.
ENCODERS = "packed", "reference"

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
