"""Settings of tokenizer files that are about single tokens: added, special, and lines of vocab.txt."""

from tiny import special_token


def flags(rng):
    return {name: rng.random() < 0.3 for name in ("lstrip", "rstrip", "single_word", "normalized")}


def next_ids(draft):
    """Ids after those of the vocabulary."""
    count = len(draft.tokenizer["model"]["vocab"]) if draft.tokenizer else len(draft.vocab)
    return [count, count + 1]


def added_tokens_decoder(draft, rng):
    tokens = {}
    for index, content in zip(next_ids(draft), ["[E1]", "[E2]"]):
        token = special_token(content, index, **flags(rng), special=rng.choice([True, False]))
        del token["id"]
        tokens[str(index)] = token
    draft.tokenizer_config["added_tokens_decoder"] = tokens
    return tokens


def declared_again(draft, rng):
    """Tokens of the vocabulary with flags of their own."""
    words = draft.tokenizer["model"]["vocab"] if draft.tokenizer else {w: i for i, w in enumerate(draft.vocab)}
    tokens = {}
    for content in rng.sample(["[MASK]", "[SEP]", "cat", "The", "[UNK]", "house"], 2):
        token = special_token(content, 0, **flags(rng), special=rng.choice([True, False]))
        del token["id"]
        tokens[str(words[content])] = token
    draft.tokenizer_config["added_tokens_decoder"] = tokens
    return tokens


def added_tokens_file(draft, _):
    draft.files["added_tokens.json"] = dict(zip(["[E1]", "[E2]"], next_ids(draft)))


def additional_special_tokens(draft, rng):
    name = rng.choice(["additional_special_tokens", "extra_special_tokens"])
    draft.tokenizer_config[name] = rng.choice([["[E1]", "[E2]"], ["[E2]", "[E1]"], ["[E1]", "cat"]])
    return f"{name} {draft.tokenizer_config[name]}"


def special_tokens_map(draft, rng):
    values = [{"additional_special_tokens": ["[E1]", "[E2]"]}, {"cls_token": "<s>", "sep_token": "</s>"},
              {"mask_token": {"content": "<s>", "lstrip": True, "rstrip": False, "normalized": False, "single_word": False}}]  # fmt: skip
    draft.files["special_tokens_map.json"] = rng.choice(values)
    return draft.files["special_tokens_map.json"]


def added_in_tokenizer_json(draft, rng):
    if draft.tokenizer:
        index = next_ids(draft)[0]
        token = special_token("[E1]", index, **flags(rng), special=rng.choice([True, False]))
        draft.tokenizer["added_tokens"].append(token)
        return token


def named_special_tokens(draft, rng):
    names = rng.choice([{"cls_token": "<s>", "sep_token": "</s>"}, {"cls_token": "<s>"}, {"unk_token": "the"},
                        {"pad_token": "a"}, {"mask_token": "<s>"}, {"bos_token": "<s>"}, {"sep_token": "new"}])  # fmt: skip
    draft.tokenizer_config |= names
    return names


def vocabulary_lines(draft, rng):
    """Repeated and blank lines, in the middle and at the end."""
    if draft.vocab:
        line = rng.choice(["", "cat", "[UNK]", " ", "dog "])
        place = rng.choice([len(draft.vocab), 40])
        draft.vocab.insert(place, line)
        return f"{line!r} at {place}"


def both_files(draft, _):
    """vocab.txt beside tokenizer.json, with other ids."""
    if draft.tokenizer:
        draft.vocab = list(reversed(draft.tokenizer["model"]["vocab"]))


def split_special_tokens(draft, rng):
    draft.tokenizer_config["split_special_tokens"] = rng.choice([True, False])
    return draft.tokenizer_config["split_special_tokens"]


def begin_and_end_tokens(draft, rng):
    name = rng.choice(["add_bos_token", "add_eos_token"])
    draft.tokenizer_config |= {name: rng.choice([True, False]), "bos_token": "<s>", "eos_token": "</s>"}
    return f"{name} {draft.tokenizer_config[name]}"
