"""Settings of tokenizer files."""

import draw_tokens
from tiny import template_processing

COMMON, SOME, RARE = 10, 4, 1
LIKE_BERT = ["BertTokenizer", "BertTokenizerFast"]
OTHERS = ["PreTrainedTokenizerFast", "TokenizersBackend"]


def tokenizer_class(draft, rng):
    names = LIKE_BERT + ([None] if draft.tokenizer is None else OTHERS * 2 + [None])
    name = rng.choice(names)
    draft.tokenizer_config["tokenizer_class"] = name
    if name is None:
        del draft.tokenizer_config["tokenizer_class"]
    if name in OTHERS:
        draft.tokenizer_config["unk_token"] = "[UNK]"
        draft.tokenizer_config["pad_token"] = "[PAD]"
    return name


def foreign_class(draft, rng):
    names = ["BertJapaneseTokenizer", "DistilBertTokenizer", "CharacterTokenizer", "ElectraTokenizer"]
    draft.tokenizer_config["tokenizer_class"] = rng.choice(names)
    return draft.tokenizer_config["tokenizer_class"]


def class_in_config(draft, rng):
    draft.config["tokenizer_class"] = rng.choice([*LIKE_BERT, "PreTrainedTokenizerFast"])
    draft.tokenizer_config.pop("tokenizer_class", None)
    return draft.config["tokenizer_class"]


def do_lower_case(draft, rng):
    draft.tokenizer_config["do_lower_case"] = rng.choice([True, False])
    return draft.tokenizer_config["do_lower_case"]


def strip_accents(draft, rng):
    draft.tokenizer_config["strip_accents"] = rng.choice([True, False, None])
    return draft.tokenizer_config["strip_accents"]


def tokenize_chinese_chars(draft, rng):
    draft.tokenizer_config["tokenize_chinese_chars"] = rng.choice([True, False])
    return draft.tokenizer_config["tokenize_chinese_chars"]


def bert_normalizer(draft, rng):
    if draft.tokenizer:
        draft.tokenizer["normalizer"] = {
            "type": "BertNormalizer",
            "clean_text": rng.choice([True, True, False]),
            "handle_chinese_chars": rng.choice([True, False]),
            "strip_accents": rng.choice([True, False, None]),
            "lowercase": rng.choice([True, False]),
        }
        return {key: value for key, value in draft.tokenizer["normalizer"].items() if key != "type"}


def other_normalizer(draft, rng):
    if draft.tokenizer:
        steps = [{"type": "NFKC"}, {"type": "Lowercase"}, {"type": "StripAccents"}, {"type": "NFD"}]
        steps.append({"type": "Replace", "pattern": {"Regex": rng.choice([r"^the", r"cat$", r"\R"])}, "content": "one"})
        steps.append({"type": "Replace", "pattern": {"String": "dog"}, "content": "cat"})
        steps.append({"type": "Strip", "strip_left": True, "strip_right": True})
        steps.append({"type": "Prepend", "prepend": "a"})
        chosen = rng.sample(steps, rng.randint(0, 3))
        draft.tokenizer["normalizer"] = {"type": "Sequence", "normalizers": chosen} if chosen else None
        return chosen


def pre_tokenizer(draft, rng):
    if draft.tokenizer:
        pattern = rng.choice([r"[[:punct:]]|\s+", r"[[:alpha:]]+", r"\p{^L}", r"\X", r"\N+", r"(?m)^.", r"\h+", r"[^\s\w]"])
        behavior = rng.choice(["Isolated", "Removed", "MergedWithPrevious"])
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": rng.choice([True, False])}
        digits = {"type": "Digits", "individual_digits": True}
        punctuation = {"type": "Punctuation", "behavior": "Isolated"}
        several = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, digits, punctuation]}
        kinds = [{"type": "Whitespace"}, {"type": "WhitespaceSplit"}, {"type": "BertPreTokenizer"}, several, None]
        draft.tokenizer["pre_tokenizer"] = rng.choice([*kinds, split, split, split])
        return draft.tokenizer["pre_tokenizer"]


def post_processor(draft, rng):
    if not draft.tokenizer:
        return None
    ids = draft.tokenizer["model"]["vocab"]
    known = {name: ids[name] for name in ("[CLS]", "[SEP]", "<s>", "</s>", "[MASK]")}
    single = rng.choice(
        ["[CLS]:0 $A:0 [SEP]:0", "<s>:0 $A:0 </s>:0", "$A:0 [SEP]:0", "$A:0", "[CLS]:1 $A:1 [SEP]:1",
         "[CLS]:0 $A:0 [SEP]:0 $A:0 [SEP]:0", "[CLS]:0 [MASK]:0 $A:0 [SEP]:0", "$A:0 $A:1"]
    )  # fmt: skip
    pair = rng.choice(
        ["[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", "[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0", "$A:0 $B:1", "$B:0 [SEP]:0 $A:1",
         "<s>:0 $A:0 </s>:0 </s>:0 $B:0 </s>:0"]
    )  # fmt: skip
    plain = template_processing(single, pair, known)
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", ids["</s>"]], "cls": ["<s>", ids["<s>"]],
               "trim_offsets": True, "add_prefix_space": False}  # fmt: skip
    bert = {"type": "BertProcessing", "sep": ["[SEP]", ids["[SEP]"]], "cls": ["[CLS]", ids["[CLS]"]]}
    bytes_first = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    several = {"type": "Sequence", "processors": [bytes_first, plain]}
    draft.tokenizer["post_processor"] = rng.choice([None, plain, plain, plain, bert, roberta, several])
    value = draft.tokenizer["post_processor"]
    return f"{single} | {pair}" if value is plain else value


def ids_beyond_the_table(draft, rng):
    if draft.tokenizer and draft.tokenizer["post_processor"]:
        tokens = draft.tokenizer["post_processor"].get("special_tokens", {})
        for entry in tokens.values():
            entry["ids"] = [draft.config["vocab_size"] + rng.choice([-1, 0, 5])]


def token_types_beyond_the_table(draft, _):
    draft.config["type_vocab_size"] = 1


def model_input_names(draft, rng):
    names = rng.choice([["input_ids", "attention_mask"], ["input_ids", "token_type_ids", "attention_mask"]])
    draft.tokenizer_config["model_input_names"] = names
    return names


def truncation_side(draft, rng):
    draft.tokenizer_config["truncation_side"] = rng.choice(["left", "left", "right"])
    return draft.tokenizer_config["truncation_side"]


def truncation_in_tokenizer_json(draft, rng):
    if draft.tokenizer:
        draft.tokenizer["truncation"] = {
            "direction": rng.choice(["Left", "Right"]),
            "max_length": rng.choice([6, 30]),
            "strategy": rng.choice(["LongestFirst", "OnlyFirst"]),
            "stride": 0,
        }
        return draft.tokenizer["truncation"]


def padding_in_tokenizer_json(draft, rng):
    if draft.tokenizer:
        side = rng.choice(["Left", "Right", "Right", "Right"])
        draft.tokenizer["padding"] = {"strategy": {"Fixed": 12}, "direction": side, "pad_to_multiple_of": None,
                                      "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"}  # fmt: skip


def model_max_length(draft, rng):
    value = rng.choice([8, 12, 30, 100, int(1e30), None])
    draft.tokenizer_config["model_max_length"] = value
    if value is None:
        del draft.tokenizer_config["model_max_length"]
    return value


def no_tokenizer_config(draft, _):
    draft.tokenizer_config = {}


def without_effect(draft, rng):
    """Fields that change no token."""
    draft.tokenizer_config |= {
        "clean_up_tokenization_spaces": rng.choice([True, False]),
        "padding_side": "right",
        "max_length": 7,
        "stride": 2,
        "name_or_path": "elsewhere",
        "tokenizer_file": None,
        "special_tokens_map_file": None,
        "do_basic_tokenize": True,
        "never_split": None,
    }


def other_model(draft, rng):
    """Word level or BPE instead of WordPiece."""
    if draft.tokenizer:
        model = draft.tokenizer["model"]
        kinds = [{"type": "WordLevel", "vocab": model["vocab"], "unk_token": "[UNK]"},
                 {"type": "BPE", "vocab": model["vocab"], "merges": [["d", "o"]], "unk_token": "[UNK]"},
                 model | {"max_input_chars_per_word": 3}, model | {"unk_token": "the"}]  # fmt: skip
        draft.tokenizer["model"] = rng.choice(kinds)
        return draft.tokenizer["model"]["type"]


SETTINGS = [
    (COMMON, tokenizer_class), (COMMON, do_lower_case), (SOME, strip_accents), (SOME, tokenize_chinese_chars),
    (SOME, bert_normalizer), (SOME, other_normalizer), (SOME, pre_tokenizer), (COMMON, post_processor),
    (SOME, draw_tokens.added_tokens_decoder), (SOME, draw_tokens.declared_again),
    (SOME, draw_tokens.added_tokens_file), (SOME, draw_tokens.additional_special_tokens),
    (SOME, draw_tokens.special_tokens_map), (SOME, draw_tokens.added_in_tokenizer_json),
    (SOME, draw_tokens.named_special_tokens), (COMMON, model_input_names), (COMMON, truncation_side),
    (SOME, truncation_in_tokenizer_json), (SOME, padding_in_tokenizer_json), (COMMON, model_max_length),
    (SOME, draw_tokens.vocabulary_lines), (SOME, draw_tokens.both_files), (SOME, no_tokenizer_config),
    (SOME, without_effect), (SOME, class_in_config), (SOME, other_model), (RARE, draw_tokens.split_special_tokens),
    (RARE, draw_tokens.begin_and_end_tokens), (RARE, foreign_class), (RARE, ids_beyond_the_table),
    (RARE, token_types_beyond_the_table),
]  # fmt: skip
